"""The lean style sheet keeps what a page can use, and drops what none can."""

import lean_css
import pytest


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        ("a{b:c}", "a{b:c}"),
        (".used{b:c}", ".used{b:c}"),
        (".unused{b:c}", ""),
        (".used .unused{b:c}", ""),
        (".used,.unused{b:c}", ".used{b:c}"),
        ("p:not(.unused){b:c}", "p:not(.unused){b:c}"),
        (":is(.used,a) b{b:c}", ":is(.used,a) b{b:c}"),
        ("@media (x){.unused{b:c}.used{b:c}}", "@media (x){.used{b:c}}"),
        ("@media (x){.unused{b:c}}", ""),
        ("@keyframes k{0%{b:c}to{b:d}}", "@keyframes k{0%{b:c}to{b:d}}"),
        ('@charset "x";@import "y";a{b:c}', '@import "y";a{b:c}'),
        ('.used:before{content:"}{"}.unused{b:c}', '.used:before{content:"}{"}'),
        ("/* .a{ */.used{b:c}", ".used{b:c}"),
        ("a{background:url(x.png)}", "a{background:url(x.png)}"),
    ],
)
def test_a_rule_stays_if_a_page_can_use_it(css, kept):
    assert lean_css.lean(css, {"used"}) == kept
