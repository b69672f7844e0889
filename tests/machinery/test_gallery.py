"""What a code block published becomes reST that says the same."""

import pytest

gallery = pytest.importorskip("gallery", reason="the site's tools are not installed")
from docutils import nodes  # noqa: E402
from docutils.core import publish_doctree  # noqa: E402

from overfit_tutorial.tables import Table  # noqa: E402

HARD = ("a, b", 'say "x"', "*star* and `tick`", "a_b_ |bar|", "back\\slash", "−1.5")


def test_a_table_keeps_every_sign_of_its_cells():
    shown = Table(
        head=("name", "value"), rows=tuple((cell, "1") for cell in HARD), is_text=(True, False)
    )
    (table,) = publish_doctree(gallery.table(shown)).findall(nodes.table)
    assert {"result", "words-1"} <= set(table["classes"])
    rows = [[cell.astext() for cell in row] for row in table.findall(nodes.row)]
    assert rows == [["name", "value"], *([cell, "1"] for cell in HARD)]
