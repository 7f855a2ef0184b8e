"""The quick tests on every Python that is found: `nox`, or `nox -s tests-3.13 -- tests/pages`."""

from __future__ import annotations

import os
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
QUICK = "-q -n 2 --cases 50 --ignore tests/chromium --ignore tests/client".split()

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False


def find_pyenv() -> None:
    """Let nox find the versions of pyenv: its shims only answer for those that are chosen."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders = [str(path / "bin") for path in sorted(root.glob("3.1[1-9].*"))]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the quick tests with the newest dependencies."""
    session.install("-e", ".[dev]")
    session.run("pytest", *QUICK, "-m", "not browser and not slow", *session.posargs)


find_pyenv()
