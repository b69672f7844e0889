"""Run again what changed and nothing else, and never publish what a dead build left behind.

Sphinx-gallery runs a page again when its script has changed. It does not see a change in the
package, in an installed library or in the site's own machinery; and it notes a page as done
*before* it has written it, so that after a kill the next build publishes the old page. This
extension mends both, before Sphinx-gallery starts:

- A fingerprint of all that a page depends on lies beside it. Where it differs, the page's note
  (its ``.md5``) is removed.
- A marker lies in the gallery while a build is under way. Found at the start, it tells that the
  last build died: every note that it wrote is removed, and all of its output.
- A lock, which the operating system releases when its holder dies, refuses a second build in the
  same folder.
"""

import hashlib
import importlib.metadata
import platform
import shutil
from pathlib import Path

import filelock
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

from overfit_tutorial.sweeps import sources

_logger = logging.getLogger(__name__)

# Held until the process ends: a lock that nothing refers to is released.
_locks: list[filelock.BaseFileLock] = []

# Our modules whose code decides what a page's reST, figures and notebook look like.
_MACHINERY = ("gallery.py", "notebooks.py", "published.py", "twin_figures.py", "words.py")


def fingerprint(page: Path, package: Path, *, context: str = "") -> str:
    """Return a digest of a page's text, of the package's code that it runs, and of its context.

    The text counts whole: a page that was changed, failed, and was changed back must run again,
    though Sphinx-gallery's note fits it once more. Of the package, docstrings do not count.
    """
    digest = hashlib.sha256(context.encode() + b"\0" + page.read_bytes() + b"\0")
    find = {package.name: package}.get
    modules = sources.closure({page.stem: page}, find).modules
    for name in sorted(modules):
        digest.update(f"{name}\0{sources.digest(modules[name])}\0".encode())
    return digest.hexdigest()


def _context(app: Sphinx) -> str:
    """Return what every page depends on: versions, the gallery's settings, our machinery."""
    found = [f"python {platform.python_version()}"]
    for name in app.config.freshness_distributions:
        for distribution in importlib.metadata.distributions(name=name):
            found.append(f"{name} {distribution.version}")
    for name, value in sorted(app.config.sphinx_gallery_conf.items()):
        # How many pages run side by side changes none of them.
        if name != "parallel" and isinstance(value, str | bool | int | list | tuple):
            found.append(f"{name}={value!r}")
    here = Path(__file__).parent
    return "\n".join([*found, *(sources.digest(here / name) for name in _MACHINERY)])


def _begin(app: Sphinx) -> None:
    """Before Sphinx-gallery: take the lock, clear up after a dead build, drop stale notes."""
    gallery, marker = _gallery(app), _marker(app)
    gallery.mkdir(parents=True, exist_ok=True)
    _take_lock(gallery / ".lock")
    if marker.exists():
        _clear_up(app, marker)
    marker.write_text("executing", encoding="utf-8")
    context = _context(app)
    package = Path(app.confdir, app.config.freshness_package).resolve()
    examples = Path(app.confdir, app.config.sphinx_gallery_conf["examples_dirs"][0]).resolve()
    for page in sorted(examples.rglob("*.py")):
        now = fingerprint(page, package, context=context)
        _drop_if_stale(page, gallery / page.relative_to(examples), now)


def _take_lock(path: Path) -> None:
    _locks.append(filelock.FileLock(path))
    try:
        _locks[-1].acquire(timeout=0)
    except filelock.Timeout:
        message = f"another build is running in {path.parent}; wait for it, or build elsewhere"
        raise ExtensionError(message) from None


def _clear_up(app: Sphinx, marker: Path) -> None:
    """Remove whatever a build that died could have left half-done."""
    _logger.info("the last build did not finish: clearing up after it")
    if marker.read_text(encoding="utf-8") != "written":
        began = marker.stat().st_mtime_ns
        for note in marker.parent.rglob("*.md5"):
            if note.stat().st_mtime_ns >= began:
                note.unlink()
    # Sphinx neither writes a page atomically nor looks into it again.
    for folder in (Path(app.outdir), Path(app.doctreedir)):
        for path in folder.iterdir() if folder.exists() else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _drop_if_stale(page: Path, target: Path, now: str) -> None:
    kept = target.with_suffix(".fingerprint")
    if kept.exists() and kept.read_text(encoding="utf-8") == now:
        return
    note = target.with_name(target.name + ".md5")
    if note.exists():
        _logger.info("%s: something that it depends on has changed", page.name)
        note.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written at once, not after the run: the missing note already makes the page run again, and a
    # failing page must not make its healthy neighbors run with it.
    kept.write_text(now, encoding="utf-8")


def _pages_are_written(app: Sphinx) -> None:
    """After Sphinx-gallery: its notes are true now, whatever happens to the rest of the build."""
    _marker(app).write_text("written", encoding="utf-8")


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is None:
        _marker(app).unlink(missing_ok=True)


def _gallery(app: Sphinx) -> Path:
    return Path(app.srcdir, app.config.sphinx_gallery_conf["gallery_dirs"][0])


def _marker(app: Sphinx) -> Path:
    return _gallery(app) / ".building"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("freshness_package", "", "")
    app.add_config_value("freshness_distributions", [], "", list)
    app.connect("builder-inited", _begin, priority=1)
    app.connect("builder-inited", _pages_are_written, priority=900)
    app.connect("build-finished", _finish, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
