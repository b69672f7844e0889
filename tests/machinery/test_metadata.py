"""What a page tells to machines, and the page that is shown for one that is not there."""

import os
import re
import subprocess
import sys
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


def git(folder, *arguments):
    identity = ("-c", "user.name=A", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_date_of_a_change_is_git_s_whatever_its_settings(tmp_path, monkeypatch):
    mine, other = tmp_path / "mine", tmp_path / "other"
    for folder in (mine, other):
        folder.mkdir()
        git(folder, "init")
    (mine / "page.rst").write_text("words")
    git(mine, "add", "page.rst")
    git(mine, "commit", "-m", "Add a page", "--date", "2001-02-03T04:05:06Z")
    changed = metadata.last_change(mine, "page.rst")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", changed)
    git(mine, "config", "log.showSignature", "true")
    assert metadata.last_change(mine, "page.rst") == changed
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert metadata.last_change(mine, "page.rst") == changed
    assert metadata.last_change(mine, "missing.rst") == ""
    assert metadata.last_change(tmp_path, "page.rst") == ""


def test_names_of_pages_have_no_spaces():
    pages = list((Path(__file__).parents[2] / "examples").rglob("*.py"))
    assert [page for page in pages if re.search(r"\s", page.name + page.parent.name)] == []


def configure(**environment):
    """Read conf.py, and return how that ended, with the store that it chose."""
    root = Path(__file__).parents[2]
    command = [
        sys.executable,
        "-c",
        "import conf, os; print(os.environ['OVERFIT_TUTORIAL_STORE'])",
    ]
    environment = os.environ | {"PYTHONPATH": str(root / "docs")} | environment
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["SITE_URL", "REPOSITORY_URL"])
def test_an_address_without_scheme_is_refused(name):
    done = configure(**{f"OVERFIT_TUTORIAL_{name}": "example.org/site"})
    assert "must begin with https:// or http://, got 'example.org/site'" in done.stderr
    assert done.returncode == 1


def test_a_store_is_named_from_where_the_build_was_started():
    done = configure(OVERFIT_TUTORIAL_STORE="a store")
    assert done.stdout.strip() == str(Path(__file__).parents[2] / "a store")


@pytest.mark.parametrize("text", ["an epoch", "Epochs pass", "(epoch)"])
def test_a_term_is_found_in_singular_and_plural(text):
    assert glossary_links.mention("epoch").search(text)


@pytest.mark.parametrize("text", ["epochal", "multi-epoch", "epoch-wise"])
def test_a_term_is_not_found_within_a_word(text):
    assert not glossary_links.mention("epoch").search(text)
