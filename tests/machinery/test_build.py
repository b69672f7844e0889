"""The site's build on a toy project: what reruns, what fails, and what survives a kill.

The toy has two pages. Each appends its name to a file when it runs, so that a test can count. It
is built once; each test then finds it as it was left by that build.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

# In one process: each would build the toy for itself.
pytestmark = pytest.mark.xdist_group("build")

ROOT = Path(__file__).parents[2]

CONF = f"""
import os, signal, sys
sys.path[:0] = [{str(ROOT / "docs" / "_ext")!r}, os.path.abspath("..")]
project = "toy"
extensions = ["sphinx_gallery.gen_gallery", *{{extensions}}]
sphinx_gallery_conf = {{{{
    "examples_dirs": ["../examples"], "gallery_dirs": ["auto_examples"],
    "filename_pattern": "/plot_", "backreferences_dir": "gen_modules", "doc_module": ("toy",),
    "image_scrapers": ("gallery.scrape",), "show_signature": False,
    "reset_modules": ("matplotlib", "gallery.begin_or_end_page"), "reset_modules_order": "both",
    "write_computation_times": False, "min_reported_time": 0,
}}}}
freshness_package = "../toy"
html_theme = "basic"
html_scaled_image_link = False
suppress_warnings = ["sphinx_gallery.space_in_filename"]  # as the site does: of a folder above

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

moment = os.environ.get("KILL_AT")
if moment == "before the page is written":
    import sphinx_gallery.gen_rst
    sphinx_gallery.gen_rst.save_rst_example = die

def setup(app):
    if moment == "before anything is run":
        app.connect("builder-inited", die, priority=50)
    if moment == "after the pages are run":
        app.connect("builder-inited", die, priority=990)
    if moment == "while HTML is written":
        app.connect("html-page-context", die)
    if moment == "at the end":
        app.connect("build-finished", die, priority=0)
"""

EXTENSIONS = [
    "freshness",
    "gallery",
    "published",
    "claim_boxes",
    "ledger",
    "html_elements",
    "folds",
]
EXTENSIONS += ["twin_figures", "page_anatomy"]

PAGE = '''"""
Page {name}?
============

What it is about.
"""

import os, signal
import matplotlib.pyplot as plt
from overfit_tutorial import figures
from overfit_tutorial.claims import claim
from toy.{module} import value

with open(os.environ["RUNS"], "a") as runs:
    runs.write("{name} ")
if os.environ.get("KILL_AT") == "while a page runs":
    os.kill(os.getpid(), signal.SIGKILL)
{extra}
claim("{name}-claim", "The value is {{value}}, {word}.", value=value, holds=value < 10,
      kind="exact", wrong_if="it were not", headline=True)
'''


class Toy:
    """A toy project and its builds."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.runs = folder / "runs"
        self.html = folder / "docs" / "_build"
        self.write("toy/__init__.py", "")
        self.write("toy/one.py", "value = 1\n")
        self.write("toy/two.py", "from toy.three import value\n")
        self.write("toy/three.py", "value = 2\n")
        self.write("examples/GALLERY_HEADER.rst", "Toy\n===\n")
        self.write(
            "docs/index.rst",
            "Home\n====\n\n.. toctree::\n\n   auto_examples/index\n   ledger\n   references\n",
        )
        self.write("docs/ledger.rst", "Ledger\n======\n\n.. ledger::\n")
        self.write("docs/references.rst", "References\n==========\n\n.. _cite:\n\nCite\n----\n")
        self.configure(EXTENSIONS)
        self.page("one")
        self.page("two")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def configure(self, extensions: list[str]) -> None:
        self.write("docs/conf.py", CONF.format(extensions=extensions))

    def page(self, name: str, word: str = "first", extra: str = "") -> None:
        text = PAGE.format(name=name, module=name, word=word, extra=extra)
        self.write(f"examples/plot_{name}.py", text)

    def command(self) -> list[str]:
        docs = self.folder / "docs"
        options = ["-W", "-n", "--keep-going", "-q", "-d", str(docs / "_doctrees")]
        return [sys.executable, "-m", "sphinx", *options, str(docs), str(self.html)]

    def environment(self, kill_at: str = "") -> dict[str, str]:
        return os.environ | {"RUNS": str(self.runs), "KILL_AT": kill_at, "MPLBACKEND": "agg"}

    def build(self, kill_at: str = "") -> subprocess.CompletedProcess:
        self.runs.write_text("")
        return subprocess.run(
            self.command(), env=self.environment(kill_at), capture_output=True, text=True
        )

    def ran(self) -> list[str]:
        return self.runs.read_text().split()

    def shown(self, name: str) -> str:
        return (self.html / "auto_examples" / f"plot_{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def first_build(tmp_path_factory):
    """Build the toy, and keep a copy of all that this has left."""
    toy = Toy(tmp_path_factory.mktemp("toy") / "site")
    build = toy.build()
    assert build.returncode == 0, build.stderr
    shutil.copytree(toy.folder, toy.folder.with_name("kept"))
    return toy


@pytest.fixture
def toy(first_build):
    """Give the toy as it was after its first build, in the same place."""
    shutil.rmtree(first_build.folder)
    shutil.copytree(first_build.folder.with_name("kept"), first_build.folder)
    return first_build


def test_a_first_build_runs_every_page_and_collects_its_claims(toy):
    assert toy.ran() == ["one", "two"]
    claims = json.loads((toy.html / "claims.json").read_text(encoding="utf-8"))
    assert [claim["sentence"] for claim in claims] == [
        "The value is 1, first.",
        "The value is 2, first.",
    ]
    assert "The value is 2, first." in (toy.html / "ledger.html").read_text(encoding="utf-8")


def test_only_what_changed_is_run_again(toy):
    toy.write("toy/three.py", '"""Words, and a comment."""  # here\nvalue = 2\n')
    assert toy.build().returncode == 0
    assert toy.ran() == []

    toy.write("toy/three.py", "value = 3\n")
    assert toy.build().returncode == 0
    assert toy.ran() == ["two"], "it imports toy.three through toy.two"
    assert "The value is 3, first." in toy.shown("two")

    toy.page("one", word="second")
    assert toy.build().returncode == 0
    assert toy.ran() == ["one"]
    assert "The value is 1, second." in toy.shown("one")


def test_the_ledger_says_how_often_a_claim_held_with_other_seeds(toy):
    extra = "from overfit_tutorial import claims, statistics\n"
    extra += "found = statistics.quantile_interval(range(50)).above(1)\n"
    extra += "claims.measured('median', 'It is {}.', found, threshold_from='theory')"
    toy.page("one", extra=extra)
    assert toy.build().returncode == 0
    ledger, claims = toy.html / "ledger.html", toy.html / "claims.json"
    assert ledger.read_text(encoding="utf-8").count("bound: theory") == 1
    assert toy.shown("one").count("bound: theory") == 1
    assert "fresh draws" not in ledger.read_text(encoding="utf-8"), "nothing is known of any"

    tried = {"median": {"kind": "measured", "held": 4}, "two-claim": {"kind": "exact", "held": 5}}
    known = {"plot_one": {"draws": 5, "claims": tried | {"gone": tried["median"]}}}
    toy.write("benchmarks/results/replication.json", json.dumps(known))
    assert toy.build().returncode == 0
    assert toy.ran() == []
    held = re.findall("held in [^<]*", ledger.read_text(encoding="utf-8"))
    assert held == ["held in 4 of 5 fresh draws of all seeds"]
    stated = {claim["id"]: claim for claim in json.loads(claims.read_text(encoding="utf-8"))}
    assert (stated["median"]["held"], stated["median"]["fresh_draws"]) == (4, 5)
    assert "held" not in stated["two-claim"]


def test_a_claim_says_how_many_seeds_are_behind_each_of_its_numbers(toy):
    extra = "from overfit_tutorial import claims, statistics\n"
    extra += "over = lambda n: statistics.quantile_interval(range(n), confidence=0.9).above(1)\n"
    extra += "claims.measured('alike', '{} {other}', over(1500), other=over(1500))\n"
    extra += "more = {'late': over(20), 'one': claims.number(7).above(1), 'wide': over(20)}\n"
    extra += (
        "claims.measured('apart', '{} {same}', over(1500), same=over(1500), **more, far=over(40))"
    )
    toy.page("one", extra=extra)
    build = toy.build()
    assert build.returncode == 0, build.stderr
    for shown in (toy.shown("one"), (toy.html / "ledger.html").read_text(encoding="utf-8")):
        found = re.findall(r"measured over ([^<\xa0]*)", shown)
        assert found == ["1,500 seeds", "1,500 seeds (late, wide: 20; far: 40)"]


def test_a_claim_that_fails_stops_the_build_and_is_named_with_its_page(toy):
    toy.write("toy/three.py", "value = 30\n")
    build = toy.build()
    assert build.returncode != 0
    assert "plot_two.py" in build.stderr
    assert "claim 'two-claim' does not hold: The value is 30, first." in build.stderr
    assert "plot_one.py" not in build.stderr

    again = toy.build()
    assert again.returncode != 0, "a page that failed is not taken for done"
    assert toy.ran() == ["two"], "and its healthy neighbor is not run with it"


def test_a_page_that_failed_and_was_changed_back_runs_again(toy):
    toy.page("one", extra="raise RuntimeError('no')")
    assert toy.build().returncode != 0
    toy.page("one")
    assert toy.build().returncode == 0
    assert toy.ran() == ["one"]
    assert "RuntimeError" not in toy.shown("one")


MOMENTS = [
    "before anything is run",
    "while a page runs",
    "before the page is written",
    "after the pages are run",
    "while HTML is written",
    "at the end",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_kill_the_next_build_publishes_the_new_page(toy, moment):
    toy.page("one", word="second")
    assert toy.build(kill_at=moment).returncode == -signal.SIGKILL
    again = toy.build()
    assert again.returncode == 0, again.stderr
    assert "The value is 1, second." in toy.shown("one")
    assert "first" not in toy.shown("one"), "nothing of the old page is left"
    assert "The value is 1, second." in (toy.html / "ledger.html").read_text(encoding="utf-8")


def test_sphinx_gallery_alone_publishes_the_old_page_after_a_kill(toy):
    """The trap that `freshness` is there for; if this fails, part of it can go."""
    toy.configure([name for name in EXTENSIONS if name != "freshness"])
    toy.write(
        "docs/conf.py", (toy.folder / "docs/conf.py").read_text().replace("freshness_package", "_")
    )
    toy.page("one", word="second")
    assert toy.build(kill_at="before the page is written").returncode == -signal.SIGKILL
    assert toy.build().returncode == 0
    assert "first" in toy.shown("one"), "the old code is still on the page"


def test_a_second_build_in_the_same_folder_is_refused(toy):
    go = toy.folder / "go"
    waiting = (
        f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.05)"
    )
    toy.page("one", extra=waiting)
    toy.runs.write_text("")
    first = subprocess.Popen(
        toy.command(), env=toy.environment(), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while "one" not in toy.ran() and time.monotonic() < deadline:
        time.sleep(0.05)
    second = subprocess.run(
        toy.command(), env=toy.environment(), capture_output=True, text=True, timeout=60
    )
    go.touch()
    _, errors = first.communicate(timeout=60)
    assert first.returncode == 0, errors
    assert second.returncode != 0
    assert "another build is running in" in second.stderr
    assert toy.ran() == ["one"]


# -- Pages side by side, each in a process of its own -----------------------------------------

SIDE_BY_SIDE = 'sphinx_gallery_conf = {"parallel": 2,'


@pytest.fixture
def pair(toy):
    """Give the toy with both pages to be run, side by side."""
    conf = toy.folder / "docs/conf.py"
    conf.write_text(conf.read_text().replace("sphinx_gallery_conf = {", SIDE_BY_SIDE, 1))
    toy.page("one", word="second")
    toy.page("two", word="second")
    return toy


def published_by(toy) -> dict[str, str]:
    found = (toy.folder / "docs/auto_examples").rglob("*.published.json")
    return {path.name: path.read_text(encoding="utf-8") for path in found}


def test_pages_that_run_side_by_side_publish_what_they_publish_alone(pair):
    build = pair.build()
    assert build.returncode == 0, build.stderr
    together = published_by(pair)
    assert sorted(pair.ran()) == ["one", "two"]
    pair.page("one", word="third")
    pair.page("two", word="third")
    conf = pair.folder / "docs/conf.py"
    conf.write_text(conf.read_text().replace(SIDE_BY_SIDE, "sphinx_gallery_conf = {", 1))
    assert pair.build().returncode == 0
    assert pair.ran() == ["one", "two"]
    alone = {name: text.replace("third", "second") for name, text in published_by(pair).items()}
    assert len(alone) == 2
    assert alone == together


def test_how_many_run_side_by_side_makes_no_page_run_again(pair):
    assert pair.build().returncode == 0
    conf = pair.folder / "docs/conf.py"
    conf.write_text(conf.read_text().replace('"parallel": 2', '"parallel": 3'))
    assert pair.build().returncode == 0
    assert pair.ran() == []


def test_a_failing_page_beside_another_fails_the_build_and_is_named(pair):
    pair.page("two", word="second", extra="raise RuntimeError('no')")
    build = pair.build()
    assert build.returncode != 0
    assert "plot_two.py" in build.stderr
    assert "RuntimeError: no" in build.stderr


def test_when_the_process_of_a_page_dies_the_build_fails_and_the_next_one_mends(pair):
    assert pair.build(kill_at="while a page runs").returncode != 0
    again = pair.build()
    assert again.returncode == 0, again.stderr
    for name, value in (("one", 1), ("two", 2)):
        assert f"The value is {value}, second." in pair.shown(name)


def test_when_the_build_is_killed_its_pages_end(pair):
    """Or they would write into the folder of the next build."""
    late = pair.folder / "late"
    pair.page(
        "one", word="second", extra=f"import time; time.sleep(1.5); open({str(late)!r}, 'w')"
    )
    pair.runs.write_text("")
    build = subprocess.Popen(
        pair.command(), env=pair.environment(), stderr=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 60
    while "one" not in pair.ran() and time.monotonic() < deadline:
        time.sleep(0.05)
    build.kill()
    build.wait(timeout=60)
    time.sleep(2.5)
    assert "one" in pair.ran()
    assert not late.exists()
    pair.page("one", word="second")
    again = pair.build()
    assert again.returncode == 0, again.stderr
    assert "The value is 1, second." in pair.shown("one")


MEASURED = 'claim("m", "{value}", value=1, holds=True, wrong_if="no")'
OFF_PALETTE = """
f, ax = plt.subplots()
ax.plot([1], [1], "o", color="#123456")
figures.show(f, caption="c", alt="a")
"""


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("plt.figure()", "figure 1 has no caption and no alternative text"),
        (OFF_PALETTE, "color #123456 is not in the palette"),
        (MEASURED, "claim 'm' is measured, so it must have an interval and n"),
        (
            'claim("e", "e", value=1, holds=True, kind="exact")',
            "must say what would make it wrong",
        ),
        (
            'claim("two-claim", "e", value=1, holds=True, kind="exact", wrong_if="no")',
            "claim id 'two-claim' is stated twice",
        ),
        (
            'claim("h", "e", value=1, holds=True, kind="exact", wrong_if="no", headline=True)',
            "one claim of a page must be its headline",
        ),
    ],
)
def test_what_breaks_the_rules_of_a_page_fails_the_build(toy, extra, message):
    toy.page("one", extra=extra)
    build = toy.build()
    assert build.returncode != 0
    assert message in build.stderr
    assert "plot_one" in build.stderr


def test_a_page_is_one_file_and_it_is_the_one_that_contributing_shows(toy):
    words = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"^   ```python\n(.*?)^   ```$", words, re.DOTALL | re.MULTILINE)[1]
    toy.write("examples/plot_three.py", textwrap.dedent(block))
    drawn = "f, ax = plt.subplots()\n"
    drawn += "figures.show(f, caption='Look.', alt='An \"empty\" plot.', headline=True)"
    toy.page("one", extra="plt.style.use(figures.STYLE)\n" + drawn)
    build = toy.build()
    assert build.returncode == 0, build.stderr
    page = toy.shown("three")
    assert "Is it a question?" in page
    assert "requires-python" not in page, "what uv reads is hidden from readers"
    assert 'id="claim-short-id"' in page
    # What `nox -s site` asks of a page.
    assert 2 <= len(re.findall('id="claim-', page)) <= 5
    assert all(len(alt.split()) >= 8 for alt in re.findall(r'<img [^>]*alt="([^"]+)"', page))
    assert "Where to look.</figcaption>" in page
    assert 'id="short-id"' in (toy.html / "ledger.html").read_text(encoding="utf-8")
    assert "plot_three.html" in (toy.html / "auto_examples/index.html").read_text("utf-8")
    # A figure has two twins, and quotation marks are safe.
    page = toy.shown("one")
    assert page.count("An &quot;empty&quot; plot.") == 2
    assert page.count("only-light") == page.count("only-dark") == 1
