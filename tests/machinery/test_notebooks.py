"""A downloaded notebook is Markdown: what pages write in reST is converted, or an error."""

import re

import pytest

notebooks = pytest.importorskip("notebooks", reason="the site's tools are not installed")
bibtex = pytest.importorskip("pybtex.database")
errors = pytest.importorskip("sphinx.errors")

ENTRIES = bibtex.parse_string(
    """
    @article{one, author = {Doe, Jane}, title = {A}, year = {2001}, url = {https://a.example/b_c}}
    @article{two, author = {Doe, Jane and E, Weinan}, title = {B}, year = {2002}}
    @article{three, author = {Doe, Jane and Roe, J. and E, W.}, title = {C}, year = {2003}}
    """,
    "bibtex",
).entries


def convert(text):
    """Convert as Sphinx-gallery has it done, with its own settings."""
    return notebooks.to_markdown(text, ENTRIES, {"notebook_images": False}, "", {})


@pytest.mark.parametrize(
    ("rest", "markdown"),
    [
        (":cite:`one`", "([Doe, 2001](https://a.example/b_c))"),
        (":cite:`two`", "(Doe and E, 2002)"),
        (":cite:`three`", "(Doe, Roe and E, 2003)"),
        (":cite:`two, three`", "(Doe and E, 2002), (Doe, Roe and E, 2003)"),
        (":func:`overfit_tutorial.linear.fit_line`", "`overfit_tutorial.linear.fit_line`"),
        (":py:func:`~overfit_tutorial.linear.fit_line`", "`fit_line`"),
        (":doc:`the ledger </ledger>`", "the ledger"),
        (":term:`excess\nrisk`", "excess risk"),
        (":math:`x_1` and ``code``", "$x_1$ and ``code``"),
    ],
)
def test_a_role_becomes_words(rest, markdown):
    assert convert(f"See {rest}, there.") == f"See {markdown}, there."


def test_an_admonition_becomes_a_quotation():
    rest = (
        "Before.\n\n.. admonition:: Try it\n   :class: exercise\n\n   One ``two``\n   three.\n"
        "\n   - Four :cite:`two`.\n\nAfter.\n"
    )
    assert convert(rest) == (
        "Before.\n\n> **Try it**\n>\n> One ``two``\n> three.\n>\n> - Four (Doe and E, 2002).\n"
        "\nAfter.\n"
    )


def test_an_admonition_may_end_a_text():
    assert convert(".. admonition:: A\n\n   B") == "> **A**\n>\n> B\n\n"


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("See :cite:`four`.", ":cite:`"),
        ("See :kbd:`x`.", ":kbd:`"),
        (".. tip::\n\n   Do.", ".. tip::"),
        ("- One\n\n  .. admonition:: Two\n\n     Three", ".. admonition::"),
    ],
)
def test_what_is_not_known_is_an_error(rest, found):
    message = re.escape(f"a notebook would show {found!r} as it stands")
    with pytest.raises(errors.ExtensionError, match=message):
        convert(rest)


@pytest.mark.parametrize(
    "text", ["A ``.. note::``", "``:cite:`x```", "```\n.. note::\n```", "at 12:30", "a: `b`"]
)
def test_what_is_quoted_or_markdown_is_left_in_peace(text):
    assert notebooks.left_over(text) is None


def test_an_exercise_is_quoted_and_its_answer_folded():
    text = ".. exercise:: More points\n\n   What happens?\n\n   .. answer::\n\n      Less noise.\n"
    assert notebooks.quote_admonitions(text) == (
        "> **Try it: More points**\n>\n> What happens?\n>\n"
        "> <details><summary>Answer</summary>\n>\n> Less noise.\n>\n> </details>\n\n"
    )


def test_a_guess_is_quoted_with_each_of_its_choices():
    choices = "   .. answer:: It rises\n\n      No.\n\n   .. answer:: It falls\n\n      Yes.\n"
    assert notebooks.quote_admonitions(f".. guess:: What happens?\n\n{choices}") == (
        "> **Guess first: What happens?**\n>\n"
        "> <details><summary>It rises</summary>\n>\n> No.\n>\n> </details>\n"
        "> <details><summary>It falls</summary>\n>\n> Yes.\n>\n> </details>\n\n"
    )
