# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["nox[uv]"]
# ///
"""Everything that one does with this repository: `nox -l` lists it."""

import os
import shutil
import sys
import webbrowser
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "tests", "docs"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
# One folder of environments a Python: a session never meets an environment of another one.
nox.options.envdir = f".nox/{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}"
# A skipped session looks like one that passed.
nox.options.error_on_missing_interpreters = True

PROJECT = nox.project.load_toml("pyproject.toml")
CONSTRAINTS = "constraints.txt"
PYTHONS = nox.project.python_versions(PROJECT, max_version="3.13")
SOURCE, BUILD = Path("docs"), Path("docs/_build")
HTML = BUILD / "html"
GENERATED = [SOURCE / name for name in ("auto_examples", "gen_modules", "development/images")]
# Importing TensorFlow from source takes three times as long; uv compiles only when asked to.
ENVIRONMENT = {"UV_COMPILE_BYTECODE": "1"}
# Where processes share the cores, TensorFlow takes one.
ONE_THREAD = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)


def install(
    session: nox.Session,
    *groups: str,
    package: tuple[str, ...] = ("-e", "."),
    compiled: bool = True,
) -> None:
    """Install the package, editable, and dependency groups, at the versions of the lock."""
    requirements = nox.project.dependency_groups(PROJECT, *groups)
    environment = ENVIRONMENT if compiled else {}
    session.install("-c", CONSTRAINTS, *package, *requirements, env=environment)


def install_judges(session: nox.Session) -> None:
    """Install what npm has to judge a page, with the npm of the environment, if not yet there."""
    folder = Path("tests/site")
    wanted = (folder / "package-lock.json").read_bytes()
    installed = folder / "node_modules" / ".installed-lock"
    if installed.exists() and installed.read_bytes() == wanted:
        return
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    session.run_install("npm", "ci", "--prefix", str(folder), *quiet)
    if installed.parent.exists():
        installed.write_bytes(wanted)


def sphinx(session: nox.Session, program: str, *arguments: str) -> None:
    """Build the site; a warning or a reference that leads nowhere fails it, at the end."""
    strict = ("-W", "-n", "--keep-going")
    folders = ("-d", str(BUILD / "doctrees"), str(SOURCE), str(HTML))
    session.run(program, "-b", "html", *strict, *arguments, *folders)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site: run every page that changed, and say where to open it."""
    install(session, "docs")
    sphinx(session, "sphinx-build", *session.posargs)
    session.log(f"Open {(HTML / 'index.html').resolve().as_uri()}")


# Each process imports TensorFlow, in six seconds and a gigabyte. Tests of a group share what they
# build or train, so they stay in one.
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadgroup")


@nox.session
def tests(session: nox.Session) -> None:
    """Test the package and the site's machinery, with branch coverage; or what one names."""
    install(session, "test", "docs")
    everything = ("--cov", "--cov-report=term", *SIDE_BY_SIDE)
    session.run("pytest", *(session.posargs or everything), env=ONE_THREAD)


@nox.session(name="tests-all", python=PYTHONS, tags=["all"])
def tests_all(session: nox.Session) -> None:
    """Run the tests on every supported Python that this machine has."""
    install(session, "test", "docs")
    session.run("pytest", *(session.posargs or SIDE_BY_SIDE), env=ONE_THREAD)


@nox.session(venv_backend="none")
def pages(session: nox.Session) -> None:
    """Do the exercises, and run pages in false worlds; after `docs`, with what it has swept.

    In the environment of `tests`: one more would take half a minute to make.
    """
    in_order = (*SIDE_BY_SIDE, "--no-loadscope-reorder")
    asked = session.posargs or ("tests/pages", *in_order)
    # Not `session.notify`, which does nothing where `tests` has been asked for as well.
    session.run(sys.executable, "-m", "nox", "-s", "tests", "--", *asked, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style, types and imports; `nox -s lint -- --fix` mends what it can."""
    install(session, "lint", compiled=False)  # nothing is imported
    fix = ["--fix"] if "--fix" in session.posargs else []
    session.run("ruff", "format", *([] if fix else ["--check"]), ".")
    session.run("ruff", "check", *fix, ".")
    session.run("mypy")
    session.run("lint-imports", "--no-cache")


@nox.session
def site(session: nox.Session) -> None:
    """Check the built site: links, hosts, figures; in a browser too. Run `docs` first."""
    if not (HTML / "index.html").exists():
        session.error("there is no site yet: run `nox -s docs` first")
    # A build and a few programs need a part of TensorFlow: the first compiles that for the others.
    install(session, "test", "docs", "site", compiled=False)
    install_judges(session)
    must_exist = {"OVERFIT_TUTORIAL_SITE_MUST_EXIST": "1", "PYTHONDONTWRITEBYTECODE": None}
    if session.posargs:
        session.run("pytest", "tests/site", *session.posargs, env=must_exist)
        return
    # They measure speed: nobody may compute beside them.
    alone = ["tests/site/test_lighthouse.py", "tests/site/test_playground_speed.py"]
    ignored = [part for path in alone for part in ("--ignore", path)]
    in_order = (*SIDE_BY_SIDE, "--no-loadscope-reorder")
    session.run("pytest", "tests/site", *ignored, *in_order, env=must_exist)
    session.run("pytest", *alone, env=must_exist)


@nox.session
def linkcheck(session: nox.Session) -> None:
    """Ask every other host that the site links to; needs the network, so CI does not."""
    install(session, "docs")
    folders = ("-d", str(BUILD / "doctrees"), str(SOURCE), str(BUILD / "linkcheck"))
    session.run("sphinx-build", "-b", "linkcheck", *session.posargs, *folders)


QUESTIONS = ("agreement", "peers", "crossover", "curvature")


@nox.session
def bench(session: nox.Session) -> None:
    """Time the trainers beside their peers, half an hour; `nox -s bench -- peers` only these.

    With `--quick`, see that everything runs.
    """
    install(session, "bench")
    options = [argument for argument in session.posargs if argument.startswith("-")]
    named = [argument for argument in session.posargs if argument not in options]
    # First, that all train the same network: it takes longest, and goes on where it was.
    for question in named or QUESTIONS:
        session.run("python", f"benchmarks/{question}.py", *options)
    session.run("python", "benchmarks/tables.py")


@nox.session
def replicate(session: nox.Session) -> None:
    """Ask whether the claims hold with other seeds; `nox -s replicate -- 5 was_it_luck keep`.

    Takes as many fresh draws as it is told, five unless it is, of the pages that are named by a
    part of their names, or of all. All of them take an hour; what was swept is not swept again.
    """
    install(session, "test")
    store = {"OVERFIT_TUTORIAL_STORE": str(BUILD.resolve() / "store"), "MPLBACKEND": "Agg"}
    session.run("python", "benchmarks/replication.py", *session.posargs, env=store)


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill sweeps, builds and pages at random moments, an hour; `nox -s chaos -- --kills 5`."""
    install(session, "test", "docs")
    session.run("python", "benchmarks/chaos.py", *session.posargs, env=ONE_THREAD)


@nox.session
def audit(session: nox.Session) -> None:
    """Ask for known faults of what is locked, and of the workflows; needs the network."""
    session.install("pip-audit", "zizmor")
    session.run("zizmor", "--offline", ".github/workflows")
    session.run("pip-audit", "--disable-pip", "--no-deps", "-r", CONSTRAINTS, *session.posargs)


@nox.session(name="docs-live")
def docs_live(session: nox.Session) -> None:
    """Serve the site, rebuild on save what changed, and reload the browser."""
    install(session, "docs", "live")
    watched = ("--watch", "examples", "--watch", "overfit_tutorial")
    ignored = [part for path in (*GENERATED, BUILD) for part in ("--ignore", str(path / "*"))]
    folders = ("-d", str(BUILD / "doctrees"), str(SOURCE), str(HTML))
    session.run("sphinx-autobuild", "-n", *watched, *ignored, *session.posargs, *folders)


@nox.session(venv_backend="none")
def serve(session: nox.Session) -> None:
    """Serve the built site on this machine; `nox -s serve -- 8001` takes another port."""
    if not (HTML / "index.html").exists():
        session.error("there is no site yet: run `nox -s docs` first")
    port = session.posargs[0] if session.posargs else "8000"
    if session.interactive and "CI" not in os.environ:
        webbrowser.open(f"http://127.0.0.1:{port}/")
    session.run(
        sys.executable,
        "-m",
        "http.server",
        port,
        "--bind",
        "127.0.0.1",
        "-d",
        str(HTML),
        external=True,
    )


@nox.session(venv_backend="uv", python="3.11")
def minimums(session: nox.Session) -> None:
    """Run the package's tests with the oldest versions that pyproject.toml allows."""
    requirements = nox.project.dependency_groups(PROJECT, "test")
    session.install("--resolution=lowest-direct", "-e", ".", *requirements, env=ENVIRONMENT)
    # Old libraries are deprecated by the newer ones that they themselves depend on.
    lenient = ("-W", "default::DeprecationWarning", "-W", "default::FutureWarning")
    package = ["overfit_tutorial", *map(str, sorted(Path("tests").glob("test_*.py")))]
    session.run(
        "pytest", *lenient, *(session.posargs or (*package, *SIDE_BY_SIDE)), env=ONE_THREAD
    )


@nox.session
def newest(session: nox.Session) -> None:
    """Run the tests with the newest versions of everything, without the lock."""
    requirements = nox.project.dependency_groups(PROJECT, "test", "docs")
    session.install("--upgrade", "-e", ".", *requirements, env=ENVIRONMENT)
    session.run("pytest", *(session.posargs or SIDE_BY_SIDE), env=ONE_THREAD)


@nox.session
def wasm(session: nox.Session) -> None:
    """Compile the exact trainer; `nox -s wasm -- --check` compares with what is committed."""
    install(session, "wasm", package=())
    session.run("python", "overfit_tutorial/exact/compile.py", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Refresh constraints.txt: one universal lock, without addresses. Needs uv."""
    session.install("uv")
    groups = [part for name in PROJECT["dependency-groups"] for part in ("--group", name)]
    shape = ("--universal", "--all-extras", "--no-header", "--no-annotate", "--no-emit-index-url")
    session.run(
        "uv", "pip", "compile", "--upgrade", *shape, *groups, "pyproject.toml", "-o", CONSTRAINTS
    )


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel and the source distribution into dist/, and test what is in the latter."""
    install(session, "test", "docs")
    session.install("build")
    session.run("python", "-m", "build")
    newest = max(Path("dist").glob("*.tar.gz"), key=os.path.getmtime).resolve()
    folder = session.create_tmp()
    shutil.unpack_archive(newest, folder, filter="data")
    with session.chdir(Path(folder, newest.name.removesuffix(".tar.gz"))):
        session.run("pytest", *SIDE_BY_SIDE, env={**ONE_THREAD, "PYTHONPATH": "."})


@nox.session(venv_backend="none")
def clean(session: nox.Session) -> None:
    """Remove the built site, what its pages left, and their store of sweeps."""
    for folder in (*GENERATED, BUILD, Path("dist")):
        if folder.exists():
            session.log(f"remove {folder}")
            shutil.rmtree(folder)


if __name__ == "__main__":
    nox.main()
