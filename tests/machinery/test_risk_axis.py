"""Excess risks on the ladder's axis, before any site is built."""

import pytest

risk_axis = pytest.importorskip("risk_axis", reason="the site's tools are not installed")


def claim(value, interval=None, quantity="excess risk", **more):
    told = {"id": "a-b", "kind": "measured", "value": value, "interval": interval}
    return told | {"quantity": quantity} | more


def test_a_power_of_ten_stands_where_it_should():
    axis = risk_axis.Axis(-2, 2)
    assert [axis.place(x) for x in (0.01, 1, 100)] == [0, 50, 100]
    assert axis.place(10**0.5) == pytest.approx(62.5, rel=1e-12)
    assert axis.ticks == pytest.approx([0.01, 0.1, 1, 10, 100], rel=1e-12)


@pytest.mark.parametrize(
    ("claims", "ends"),
    [
        ([claim(0.08), claim(2.7)], (-2, 1)),
        ([claim(0.5, (0.05, 20))], (-2, 2)),
        ([claim(1)], (0, 1)),
    ],
)
def test_the_axis_holds_all_values_and_intervals(claims, ends):
    axis = risk_axis.axis_for(claims)
    assert (axis.first, axis.last) == ends


def test_only_excess_risks_stand_on_the_axis_and_the_smallest_is_first():
    kept = risk_axis.on_the_axis([claim(2), claim(0.9, quantity=None), claim(1)])
    assert [one["value"] for one in kept] == [1, 2]


def test_a_row_shows_its_numbers_and_its_interval():
    drawn = risk_axis.draw([claim(1, (0.1, 10))])
    assert '<a href="#a-b">a b</a> <span class="risk">1 [0.1, 10]</span>' in drawn
    assert '<line x1="0.00%" x2="100.00%" y1="50%" y2="50%" class="interval"/>' in drawn
    assert '<circle cx="50.00%"' in drawn
    assert "interval" not in risk_axis.draw([claim(1)])
