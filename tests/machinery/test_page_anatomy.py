"""What the site derives from a page's script, before any site is built."""

import pytest

page_anatomy = pytest.importorskip("page_anatomy", reason="the site's tools are not installed")


def page(words):
    return f'# /// script\n# ///\nr"""\nWhy?\n====\n\n{words}\n\nMore of it.\n"""\nx = 1\n'


def test_a_card_says_the_first_paragraph():
    assert (
        page_anatomy.opening(page("One runs.\nTwo\nrun. Really?")) == "One runs. Two run. Really?"
    )


def test_a_card_ends_with_a_whole_sentence():
    long = "A" * 150 + "."
    assert page_anatomy.opening(page(f"{long} {long}")) == long
    assert page_anatomy.opening(page("B" * 300 + ".")) == "B" * 300 + "."


def test_a_page_without_words_has_none_on_its_card():
    assert page_anatomy.opening("x = 1\n") == ""
