"""The site with its addresses set, under a sub-path: what it then has, and that downloads run.

The pages that `nox -s docs` has executed are set once more, elsewhere, for an address on loopback;
nothing is executed again.
"""

import ast
import html
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# An address that nobody has; put together, so that no page of the source leads to it.
SOURCE_URL = "https:/" + "/example.org/somebody/overfit_tutorial"
LEDGER_ROWS = "ol.ledger > li"
PREFIX = "/a/sub path/".replace(" ", "-")
SCRIPT = "auto_examples/1_story/plot_1_how_wrong_can_a_curve_be"
QUESTION = "How wrong can a curve be, and how much noise can it follow?"
EVERYTHING = "why-no-wild-curve"
BUILDERS = "auto_examples/6_builders/"
# The page whose claims are seconds, and the one after it, which needs the package's extra as well.
INSTEAD = {
    f"{BUILDERS}plot_1_why_is_fit_slow.html": f"{BUILDERS}plot_2_the_same_sweep_on_a_cluster.html"
}
# What the build has swept is taken from its store: the wheel's code is the same.
STORE = REPOSITORY / "docs/_build/store"
FOLDERS = ("docs", "examples", "overfit_tutorial", "benchmarks")
COPIED = (*FOLDERS, "pyproject.toml", "README.md", "LICENSE")


@dataclass(frozen=True)
class Deployed:
    """A site at an address."""

    root: Path
    url: str


@pytest.fixture(scope="module")
def deployed(
    serve: Any, tmp_path_factory: pytest.TempPathFactory, site: Any
) -> Iterator[Deployed]:
    """Set the site for an address under a sub-path, and serve it there."""
    folder = tmp_path_factory.mktemp("deployed")
    ignored = shutil.ignore_patterns("_build", ".lock", ".building", "__pycache__")
    for name in COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)
    built = folder / "docs/_build/html"
    built.mkdir(parents=True)
    with serve(built, PREFIX) as url:
        settings = {"SITE_URL": url, "REPOSITORY_URL": SOURCE_URL}
        environment = os.environ | {f"OVERFIT_TUTORIAL_{k}": v for k, v in settings.items()}
        command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q", "docs"]
        build = subprocess.run(
            [*command, str(built)], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert build.returncode == 0, build.stderr
        yield Deployed(built, url)


def read(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def parse_head(parse: Any) -> Callable[[str], Any]:
    """Give a function that parses a page's head, which takes a fraction of the time."""
    return lambda text: parse(text.partition("</head>")[0])


def metadata(head: Any) -> dict[str, str]:
    """Return what the head of a page tells, by name."""
    tags = head.select("meta[content]")
    return {tag.get("name") or tag.get("property") or "": tag["content"] for tag in tags}


def first_heading(text: str) -> str:
    """Return the words of a page's title, which stand before the link to it."""
    found = re.search(r"<h1>([^<]+)<", text)
    assert found
    return html.unescape(found[1]).strip()


# -- Addresses ---------------------------------------------------------------


def test_each_page_names_its_address_and_its_card(
    deployed: Deployed, site: Any, parse_head: Callable[[str], Any]
) -> None:
    for page in set(site.pages) - {"search.html"}:
        text = (deployed.root / page).read_text(encoding="utf-8")
        head = parse_head(text)
        (canonical,) = head.select("link[rel=canonical]")
        assert canonical["href"] == deployed.url + page
        told = metadata(head)
        assert told["og:url"] == deployed.url + page
        assert told["og:title"] == first_heading(text)
        assert told["description"] == told["og:description"]
        card = deployed.root / told["og:image"].removeprefix(deployed.url)
        assert card.read_bytes().startswith(b"\x89PNG")


def test_the_sitemap_has_every_page(deployed: Deployed, site: Any) -> None:
    tree = ET.parse(deployed.root / "sitemap.xml")
    found = {element.text for element in tree.iter() if element.tag.endswith("}loc")}
    assert found == {deployed.url + page for page in set(site.pages) - {"search.html"}}


def test_pages_lead_to_their_source(deployed: Deployed, parse: Any) -> None:
    def addresses(page: str) -> list[str]:
        tree = parse((deployed.root / page).read_text(encoding="utf-8"))
        return [a["href"] for a in tree.select("a[href]") if a["href"].startswith(SOURCE_URL)]

    expected = f"{SOURCE_URL}/edit/main/examples/1_story/plot_1_how_wrong_can_a_curve_be.py"
    assert expected in addresses(f"{SCRIPT}.html")
    assert f"{SOURCE_URL}/edit/main/docs/glossary.rst" in addresses("glossary.html")
    rows = parse((deployed.root / "ledger.html").read_text(encoding="utf-8")).select(LEDGER_ROWS)
    lines = {row["id"]: line_of(row.find("a", string="source")["href"]) for row in rows}
    assert lines
    assert not [name for name, line in lines.items() if not states(line, name)]


def line_of(link: str) -> str:
    """Return the line of this repository that an address leads to."""
    path, _, number = link.removeprefix(f"{SOURCE_URL}/blob/main/").partition("#L")
    assert path.startswith("examples/")
    return (REPOSITORY / path).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def states(line: str, name: str) -> bool:
    """Return whether a line is the beginning of a claim."""
    return re.fullmatch(rf'(\s*|claim\()"{re.escape(name)}",.*', line) is not None


def test_a_line_that_states_no_claim_is_seen() -> None:
    assert states('    "a-claim",', "a-claim")
    assert states('claim("a-claim", SENTENCE, **values)', "a-claim")
    assert not states('ids = ("a-claim", "another")', "a-claim")
    assert not states('    "another",', "a-claim")


def test_the_page_not_found_works_at_any_depth(deployed: Deployed, browser: Any) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        read(deployed.url + "no/such/page")
    tab = browser.new_page()
    failed: list[str] = []
    tab.on("response", lambda answer: answer.status >= 400 and failed.append(answer.url))
    tab.goto(deployed.url + "no/such/page")
    assert failed == [deployed.url + "no/such/page"]
    tab.get_by_role("link", name=QUESTION).first.click()
    assert tab.url == f"{deployed.url}{SCRIPT}.html"
    tab.close()


def test_without_addresses_there_is_nothing_that_needs_one(
    site: Any, parse_head: Callable[[str], Any]
) -> None:
    """The site that `nox -s docs` has built, unless somebody has set an address."""
    if os.environ.get("OVERFIT_TUTORIAL_SITE_URL"):
        pytest.skip("the site was built with its address")
    for page in site.pages:
        head = parse_head(site.text(page))
        told = metadata(head)
        assert not [name for name in told if name.startswith("og:")]
        assert told["description"]
        assert not head.select("link[rel=canonical]")
        assert "page-source" not in site.text(page)
    assert not {"404.html", "sitemap.xml"} & site.files


# -- Downloads ---------------------------------------------------------------


@pytest.fixture(scope="module")
def bare() -> dict[str, str]:
    """Give an environment for programs that knows nothing of this repository."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")
    # The first script to import TensorFlow compiles it for the others.
    hidden += ("PYTHONDONTWRITEBYTECODE",)
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "2", "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def uv() -> str:
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("uv is not installed: run `nox -s site`")
        pytest.skip("uv is not installed: run `nox -s site`")
    return program


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout


def claims_of(site: Any, page: str) -> list[str]:
    claims = json.loads(site.text("claims.json"))
    return [claim["sentence"] for claim in claims if claim["page"].startswith(page)]


def python_option() -> list[str]:
    return ["--python", sys.executable, "--no-project"]


def test_a_script_runs_by_its_address(
    deployed: Deployed, site: Any, uv: str, bare: dict[str, str], parse: Any, tmp_path: Path
) -> None:
    tree = parse((deployed.root / f"{SCRIPT}.html").read_text(encoding="utf-8"))
    shown = tree.select_one(".run-line code").get_text()
    assert shown == f"uv run {deployed.url}{SCRIPT}.py"
    command = [uv, "run", *python_option(), shown.split()[-1]]
    printed = run(command, tmp_path, bare)
    for sentence in claims_of(site, SCRIPT):
        assert sentence in printed
    # Where no window can be opened, the figures are saved.
    assert len(list(tmp_path.glob("*.png"))) == len(tree.select("figure.twins"))


def test_a_downloaded_script_runs_with_pipx(
    deployed: Deployed, site: Any, uv: str, bare: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "page.py").write_text(read(f"{deployed.url}{SCRIPT}.py"), encoding="utf-8")
    pipx = [uv, "tool", "run", "--python", sys.executable, "pipx"]
    own = bare | {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_DEFAULT_PYTHON": sys.executable}
    # All of TensorFlow would be compiled for a script that needs little of it.
    own["PIP_NO_COMPILE"] = "1"
    printed = run([*pipx, "run", "page.py"], tmp_path, own)
    assert claims_of(site, SCRIPT)[0] in printed


def test_a_script_runs_from_the_unpacked_zip(
    site: Any, unpacked: Path, uv: str, bare: dict[str, str], tmp_path: Path
) -> None:
    """Without any address: the zip of the site that was built has the wheel in it."""
    script = Path(*Path(SCRIPT).parts[1:]).with_suffix(".py").as_posix()
    assert f"uv run {script}" in (unpacked / "README.txt").read_text(encoding="utf-8")
    printed = run([uv, "run", *python_option(), str(unpacked / script)], tmp_path, bare)
    assert claims_of(site, SCRIPT)[0] in printed


def test_a_notebook_runs_and_installs_what_it_needs(
    deployed: Deployed,
    site: Any,
    unpacked: Path,
    uv: str,
    bare: dict[str, str],
    tmp_path: Path,
) -> None:
    (tmp_path / "page.ipynb").write_text(read(f"{deployed.url}{SCRIPT}.ipynb"), encoding="utf-8")
    program = (
        "import nbformat, nbclient\n"
        "notebook = nbformat.read('page.ipynb', as_version=4)\n"
        "nbclient.NotebookClient(notebook, timeout=600).execute()\n"
        "print(*(o.get('text', '') for c in notebook.cells for o in c.get('outputs', [])))\n"
    )
    environment = tmp_path / "environment"
    run(
        [uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(environment)],
        tmp_path,
        bare,
    )
    python = str(environment / ("Scripts" if os.name == "nt" else "bin") / "python")
    # What Jupyter brings, and what the package needs, which uv has at hand: pip would take a
    # minute, and that the wheel names it all is shown by `uv run`. The package itself is removed.
    (wheel,) = unpacked.glob("*.whl")
    pip = [uv, "pip", "install", "--quiet", "--python", python]
    run([*pip, "nbclient", "ipykernel", str(wheel)], tmp_path, bare)
    run(
        [uv, "pip", "uninstall", "--quiet", "--python", python, "overfit-tutorial"], tmp_path, bare
    )
    absent = subprocess.run([python, "-c", "import overfit_tutorial"], cwd=tmp_path, env=bare)
    assert absent.returncode != 0
    printed = run([python, "-c", program], tmp_path, bare)
    assert claims_of(site, SCRIPT)[0] in printed


@pytest.fixture(scope="module")
def unpacked(site: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the zip of everything."""
    folder = tmp_path_factory.mktemp("everything")
    with zipfile.ZipFile(site.root / f"{EVERYTHING}.zip") as archive:
        archive.extractall(folder)
    return folder / EVERYTHING


@pytest.fixture(scope="module")
def installed(
    unpacked: Path, uv: str, bare: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Give a Python that has the wheel of the zip, and nothing of this repository."""
    folder = tmp_path_factory.mktemp("installed")
    run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], unpacked, bare)
    python = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    (wheel,) = unpacked.glob("*.whl")
    wanted = f"{wheel}[cluster]"  # whatever a script may ask for
    run([uv, "pip", "install", "--quiet", "--python", python, wanted], unpacked, bare)
    return python


def find_differences(wheel: dict[str, bytes], source: dict[str, bytes]) -> list[str]:
    """Return the files that are not in both, or not the same."""
    return sorted(name for name in {*wheel, *source} if wheel.get(name) != source.get(name))


def test_the_wheel_is_the_package_that_the_pages_ran_with(unpacked: Path) -> None:
    (wheel,) = unpacked.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        packed = {name: archive.read(name) for name in names}
    kinds = ("**/*.py", "py.typed", "exact/trainer.*")
    files = [file for kind in kinds for file in REPOSITORY.glob(f"overfit_tutorial/{kind}")]
    source = {path.relative_to(REPOSITORY).as_posix(): path.read_bytes() for path in files}
    assert find_differences(packed, source) == []


def test_a_file_that_the_wheel_lacks_is_seen() -> None:
    assert find_differences({"a": b"", "b": b"1"}, {"b": b"2", "c": b""}) == ["a", "b", "c"]


def imports_of(script: str) -> str:
    """Return the statements of a script, at its top, that import something."""
    found = (n for n in ast.parse(script).body if isinstance(n, ast.Import | ast.ImportFrom))
    return "\n".join(map(ast.unparse, found))


def test_everything_that_scripts_import_is_in_the_wheel_or_comes_with_it(
    unpacked: Path, installed: str, bare: dict[str, str]
) -> None:
    scripts = sorted(unpacked.glob("*/plot_*.py"))
    assert scripts
    program = "\n".join(imports_of(path.read_text(encoding="utf-8")) for path in scripts)
    run([installed, "-W", "error", "-c", program], unpacked, bare)


def test_a_missing_import_is_seen(installed: str, unpacked: Path, bare: dict[str, str]) -> None:
    program = imports_of("import json\nx = 1\nfrom overfit_tutorial import nosuch\n")
    with pytest.raises(AssertionError, match="cannot import name 'nosuch'"):
        run([installed, "-c", program], unpacked, bare)


def find_machinery(script: str) -> list[str]:
    """Return what only the site's build understands."""
    words = ("sphinx_gallery_", "sphinx-gallery", "publishing", "_ext", "docs/", "__file__")
    return [word for word in words if word in script]


def test_a_script_knows_nothing_of_the_site(unpacked: Path) -> None:
    scripts = {path.name: path.read_text("utf-8") for path in unpacked.glob("*/plot_*.py")}
    assert scripts
    assert {name: found for name, text in scripts.items() if (found := find_machinery(text))} == {}


def test_a_script_runs_against_the_wheel_and_says_what_the_site_says(
    site: Any,
    unpacked: Path,
    installed: str,
    bare: dict[str, str],
    first_page: str,
    tmp_path: Path,
) -> None:
    """One of each part: the build has run every page, and all are made alike."""
    page = INSTEAD.get(first_page, first_page)
    script = unpacked / page.partition("/")[2].replace(".html", ".py")
    swept = {"OVERFIT_TUTORIAL_STORE": str(STORE)} if STORE.exists() else {}
    printed = run([installed, str(script)], tmp_path, bare | swept)
    assert re.findall(r"(.+)\n  \[[a-z0-9-]+;", printed) == claims_of(site, page)
    saved = [line for line in printed.splitlines() if line.startswith("Figure saved as")]
    assert len(saved) == len(list(tmp_path.glob("*.png")))
    assert len(saved) == len(site.tree(page).select("figure.twins"))


def test_machinery_in_a_script_is_seen() -> None:
    assert find_machinery("# sphinx_gallery_thumbnail_number = 2\n") == ["sphinx_gallery_"]
    assert find_machinery("x = 1\n") == []


def test_the_zip_has_every_page_twice_and_the_wheel(site: Any) -> None:
    with zipfile.ZipFile(site.root / f"{EVERYTHING}.zip") as archive:
        names = set(archive.namelist())
    top = f"{EVERYTHING}/"
    for page in site.executed:
        stem = top + page.removeprefix("auto_examples/").removesuffix(".html")
        assert {f"{stem}.py", f"{stem}.ipynb"} <= names
    assert [name for name in names if re.fullmatch(rf"{top}[\w.-]+\.whl", name)]
