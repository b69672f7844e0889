"""What a page tells to machines, and the page that is shown for one that is not there."""

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


def test_a_description_is_cut_at_a_word():
    short = metadata.shorten("word " * 100)
    assert len(short) <= 180
    assert short.endswith("word …")
    assert metadata.shorten(" two\n words ") == "two words"


def test_a_card_is_the_same_whenever_it_is_drawn(tmp_path):
    for name in ("a.png", "b.png"):
        metadata.draw_card(tmp_path / name, title="Is it?", text="It is. " * 40, site="Site")
    once = (tmp_path / "a.png").read_bytes()
    assert once == (tmp_path / "b.png").read_bytes()
    assert once.startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["an epoch", "Epochs pass", "(epoch)"])
def test_a_term_is_found_in_singular_and_plural(text):
    assert glossary_links.mention("epoch").search(text)


@pytest.mark.parametrize("text", ["epochal", "multi-epoch", "epoch-wise"])
def test_a_term_is_not_found_within_a_word(text):
    assert not glossary_links.mention("epoch").search(text)
