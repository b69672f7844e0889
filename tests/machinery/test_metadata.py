"""What a page tells to machines, and the page that is shown for one that is not there."""

from pathlib import Path

import glossary_links
import metadata
import pytest


@pytest.mark.parametrize(
    ("there", "anchored"),
    [
        ('href="a/b.html"', 'href="/s/a/b.html"'),
        ('src="./a.js"', 'src="/s/a.js"'),
        ('data-content_root="./"', 'data-content_root="/s/"'),
        ('href="#main"', 'href="#main"'),
        ('href="https://other/"', 'href="https://other/"'),
        ('href="mailto:a"', 'href="mailto:a"'),
    ],
)
def test_relative_addresses_are_anchored_to_the_site(there, anchored):
    assert metadata.anchor_to_site(f"<a {there}>", "/s/") == f"<a {anchored}>"


@pytest.mark.parametrize(
    ("docname", "path"),
    [
        ("glossary", "docs/glossary.rst"),
        ("auto_examples/index", "examples/GALLERY_HEADER.rst"),
        ("auto_examples/1_story/index", "examples/1_story/GALLERY_HEADER.rst"),
        (
            "auto_examples/1_story/plot_3_compared_with_what",
            "examples/1_story/plot_3_compared_with_what.py",
        ),
        ("search", ""),
    ],
)
def test_a_page_knows_its_source(docname, path):
    assert metadata.source_of(Path(__file__).parents[2], docname) == path


@pytest.mark.parametrize("text", ["an epoch", "Epochs pass", "(epoch)"])
def test_a_term_is_found_in_singular_and_plural(text):
    assert glossary_links.mention("epoch").search(text)


@pytest.mark.parametrize("text", ["epochal", "multi-epoch", "epoch-wise"])
def test_a_term_is_not_found_within_a_word(text):
    assert not glossary_links.mention("epoch").search(text)
