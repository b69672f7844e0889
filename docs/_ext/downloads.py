"""What a reader takes away: scripts and notebooks that run by themselves, the wheel, and zips.

A page's script and notebook lie beside it, under the page's own name. The script's metadata
(PEP 723) names the package alone; the downloaded copy names the wheel that this site serves, so
that ``uv run <address>`` and ``pipx run <file>`` need nothing else. Where the site does not know
its address, they name the wheel by its place in the site, so that they run in a copy of it on the
disk; the zip of everything carries the wheel, too. Sphinx-gallery's zips have scripts alone.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import published
from hatchling.builders.wheel import WheelBuilder
from sphinx.application import Sphinx

#: The zip of all scripts and notebooks, and the zip of the site, at the site's root.
EVERYTHING = "why-no-wild-curve.zip"
WHOLE_SITE = "why-no-wild-curve-site.zip"
WHEELS = "_static/wheels"
# Who reads the zip of the site has it.
_LINK_TO_ITSELF = re.compile(rb'<a [^>]*href="[^"]*-site\.zip"[^>]*>(.*?)</a>', re.DOTALL)

# With what the package calls extras, such as `cluster`.
_DEPENDENCY = re.compile(r'^# dependencies = \["overfit-tutorial(\[[a-z,]+\])?"\]\n', re.MULTILINE)
# Anything but the time of the build, so that two builds of one source are the same bytes.
_DATE = (2026, 1, 1, 0, 0, 0)
_README = Path(__file__).parents[1] / "_templates" / "everything.txt"


def site_url(app: Sphinx) -> str:
    """Return the address of the site with a slash at its end, or nothing where it is not set."""
    url: str = app.config.html_baseurl
    return url.rstrip("/") + "/" if url else ""


def script_url(app: Sphinx, docname: str) -> str:
    """Return the address of a page's script, or nothing where the site's is not set."""
    url = site_url(app)
    return f"{url}{quote(docname)}.py" if url else ""


def depend_on(script: str, wheel: str) -> tuple[str, str]:
    """Return a script that takes the package from a wheel, and what pip calls that.

    The wheel is given by its address, or by its place beside the script. Extras of the package
    that the script asks for, such as ``[cluster]``, stay.
    """
    found = _DEPENDENCY.findall(script)
    if len(found) != 1:
        line = '# dependencies = ["overfit-tutorial"]'
        raise ValueError(f"the script's metadata must have the line {line!r}")
    if "://" in wheel:
        requirement = asked = f"overfit-tutorial{found[0]} @ {wheel}"
        table = ""
    else:
        requirement, asked = f"{wheel}{found[0]}", f"overfit-tutorial{found[0]}"
        table = f'# [tool.uv.sources]\n# overfit-tutorial = {{ path = "{wheel}" }}\n'
    return _DEPENDENCY.sub(f'# dependencies = ["{asked}"]\n{table}', script), requirement


def with_install_cell(notebook: dict[str, Any], requirement: str) -> dict[str, Any]:
    """Return a notebook whose first cell installs a requirement."""
    install = f'# Install the tutorial\'s package, once.\n%pip install --quiet "{requirement}"'
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    return notebook | {"cells": [cell | {"source": [install]}, *notebook["cells"]]}


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the project's wheel into a folder, alone there, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    (built,) = WheelBuilder(str(project)).build(directory=str(folder), versions=["standard"])
    return Path(built)


def zip_of(entries: Iterator[tuple[str, bytes]]) -> bytes:
    """Return a zip with no trace of when it was made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _write_all(app: Sphinx, exception: Exception | None) -> None:
    """After the pages: the wheel, each page's downloads, and the zips."""
    if exception is not None or app.builder.format != "html" or not app.config.downloads_project:
        return
    project = Path(app.confdir, app.config.downloads_project).resolve()
    out = Path(app.outdir)
    wheel = build_wheel(project, out / WHEELS)
    docnames = [page.docname for page in published.pages(app.env)]
    for docname in docnames:
        root = site_url(app) or "../" * docname.count("/")
        for suffix, content in _copies(app, docname, f"{root}{WHEELS}/{wheel.name}"):
            (out / docname).parent.mkdir(parents=True, exist_ok=True)
            (out / docname).with_suffix(suffix).write_bytes(content)
    # With a suffix, so that a browser shows it.
    (out / "LICENSE.txt").write_bytes((project / "LICENSE").read_bytes())
    (out / EVERYTHING).write_bytes(zip_of(_everything(app, docnames, wheel)))
    (out / WHOLE_SITE).unlink(missing_ok=True)
    (out / WHOLE_SITE).write_bytes(zip_of(_whole_site(out)))


def _copies(app: Sphinx, docname: str, wheel: str) -> Iterator[tuple[str, bytes]]:
    """Yield a page's script and notebook, which take the package from a wheel."""
    path = Path(app.srcdir, docname)
    script, requirement = depend_on(path.with_suffix(".py").read_text(encoding="utf-8"), wheel)
    notebook = json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))
    cells = with_install_cell(notebook, requirement)
    yield ".py", script.encode()
    yield ".ipynb", f"{json.dumps(cells, indent=1, ensure_ascii=False)}\n".encode()


def _everything(app: Sphinx, docnames: list[str], wheel: Path) -> Iterator[tuple[str, bytes]]:
    top = EVERYTHING.removesuffix(".zip")
    words = _README.read_text(encoding="utf-8").format(wheel=wheel.name)
    yield f"{top}/README.txt", words.encode()
    yield f"{top}/{wheel.name}", wheel.read_bytes()
    for docname in docnames:
        for suffix, content in _copies(app, docname, f"../{wheel.name}"):
            yield f"{top}/{docname.split('/', 1)[-1]}{suffix}", content


def _whole_site(out: Path) -> Iterator[tuple[str, bytes]]:
    top = WHOLE_SITE.removesuffix(".zip")
    for path in sorted(out.rglob("*")):
        # Maps are for who debugs the theme's scripts; servers show the page "not found".
        if path.name == "404.html":
            continue
        is_hidden = any(part.startswith(".") for part in path.relative_to(out).parts)
        if path.is_file() and path.suffix != ".map" and not is_hidden:
            content = path.read_bytes()
            if path.suffix == ".html":
                content = _LINK_TO_ITSELF.sub(rb"\1", content)
            yield f"{top}/{path.relative_to(out).as_posix()}", content


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("downloads_project", "", "")
    app.connect("build-finished", _write_all, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
