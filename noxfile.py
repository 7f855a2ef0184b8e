"""The quick tests on every Python that is found, and with the oldest dependencies: `nox`, `nox -s oldest`."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
QUICK = "-q -n 2 --cases 50 --ignore tests/chromium --ignore tests/client".split()

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests"]


def find_pyenv() -> None:
    """Let nox find the versions of pyenv: its shims only answer for those that are chosen."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders = [str(path / "bin") for path in sorted(root.glob("3.1[1-9].*"))]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])


def oldest_dependencies() -> list[str]:
    """Return each dependency that pyproject.toml names, in the oldest version that it allows."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    groups = project["optional-dependencies"]
    named = [*project["dependencies"], *groups["serve"], *groups["redis"], *groups["examples"]]
    found = (re.match(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", line) for line in named)
    return [f"{one[1]}=={one[2]}" for one in found if one]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the quick tests with the newest dependencies."""
    session.install("-e", ".[dev]")
    session.run("pytest", *QUICK, "-m", "not browser and not slow", *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the quick tests with the oldest dependencies."""
    constraints = Path(session.create_tmp(), "oldest.txt")
    constraints.write_text("\n".join(oldest_dependencies()))
    session.install("-e", ".[dev]", "-c", str(constraints))
    session.run("pytest", *QUICK, "-m", "not browser and not slow", *session.posargs)


find_pyenv()
