"""What is folded away on a page, and in which order its output stands."""

import pytest

folds = pytest.importorskip("folds", reason="the site's tools are not installed")
from docutils import nodes  # noqa: E402

from overfit_tutorial import claims, fingerprints  # noqa: E402

SETUP, SHOW, CHECK = folds.SETUP, folds.SHOW, folds.CHECK


def test_every_function_that_states_a_claim_is_known():
    others = {"Claim", "ClaimError", "Fingerprint", "number"}
    assert {*claims.__all__, *fingerprints.__all__} - others == folds._CLAIMS


def names(code):
    return [name for name, _ in folds.take_apart(code)]


@pytest.mark.parametrize(
    ("statement", "into"),
    [
        ("import numpy as np", SETUP),
        ("from overfit_tutorial import data", SETUP),
        ("plt.style.use(figures.STYLE)", SETUP),
        ("measured('a', 'b', c.above(1))", CHECK),
        ("claims.exact('a', 'b', c)", CHECK),
        ("stated = claim('a', 'b', holds=True, value=1)", CHECK),
        ("tables.show(columns)", SHOW),
        ("figures.show(figure, caption='a', alt='b')", SHOW),
        ("N_SEEDS = 20", ""),
        ("def measured():\n    return claim", ""),
        ("ratio = statistics.quantile_interval(a / b)", ""),
        ("print(measured)", ""),
        ("ax.plot(a)", ""),
    ],
)
def test_a_statement_is_folded_by_what_it_does(statement, into):
    assert names(statement) == [into]


def test_a_figure_is_folded_from_its_axes_to_its_caption_and_no_further():
    figure = "figure, ax = plt.subplots()\nfor b in c:\n    ax.plot(b)\nfigures.show(figure)"
    parts = folds.take_apart(f"a = 1\n{figure}\nd = 2")
    assert parts == [("", "a = 1"), (SHOW, figure), ("", "d = 2")]


def test_comments_and_empty_lines_go_with_the_statement_after_them():
    code = "a = 1\n\n# Why.\nmeasured('b')\n\n\nc = 2\n# The end."
    assert folds.take_apart(code) == [
        ("", "a = 1"),
        (CHECK, "# Why.\nmeasured('b')"),
        ("", "c = 2\n# The end."),
    ]


def test_nothing_is_lost():
    code = "import a\nb = 1\nmeasured('c')\nmeasured('d')\nprint(b)\nfigures.show(e)\n# The end."
    parts = [text for _, text in folds.take_apart(code)]
    assert "\n".join(parts) == code
    assert names(code) == [SETUP, "", CHECK, CHECK, "", SHOW]


def page(*output, code="import a\nb = 1\nmeasured('c')\nmeasured('d')"):
    """Return the tree of a page: a block, what it put out, and a paragraph."""
    section = nodes.section()
    section += nodes.literal_block(code, code, language="Python")
    section += [nodes.container(classes=[kind]) for kind in output]
    section += nodes.paragraph("", "After it.")
    return section


def outline(section):
    """Return what stands on a page, in a word each."""

    def word(node):
        if folds.FOLD in node["classes"]:
            return node[0].astext()
        if isinstance(node, nodes.literal_block):
            return "code"
        return node["classes"][0] if node["classes"] else node.tagname

    return [word(node) for node in section]


def test_claims_stand_below_what_was_printed_and_hold_their_own_code():
    section = page("claim", "claim", "result", "sphx-glr-script-out")
    folds.fold_page(section)
    expected = [SETUP, "code", "result", "sphx-glr-script-out", "claim", "claim", "paragraph"]
    assert outline(section) == expected
    boxes = [node for node in section if "claim" in node["classes"]]
    assert [box[-1][-1].astext() for box in boxes] == ["measured('c')", "measured('d')"]


def test_a_block_of_folds_alone_leaves_no_empty_block():
    section = page("claim", code="measured('c')")
    folds.fold_page(section)
    assert outline(section) == ["claim", "paragraph"]


def test_other_blocks_are_left_alone():
    section = page()
    section[0]["language"] = "none"
    folds.fold_page(section)
    assert outline(section) == ["code", "paragraph"]
