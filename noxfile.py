"""What isn't run each time: other Pythons, oldest dependencies, known vulnerabilities.

``nox`` runs the quick tests on every Python that is found, ``nox -s tests-3.13 -- tests/pages`` some on one,
``nox -s oldest`` with the oldest dependencies, and ``nox -s audit`` looks for vulnerabilities.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nox
from nox.command import CommandFailed

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
QUICK = "-q -n 2 --cases 50 --ignore tests/chromium --ignore tests/client".split()
FAST = ("-m", "not browser and not slow")
USED = ("serve", "redis", "postgres", "otel", "s3")
"""Extras for applications. The others are for the examples and for development."""
TOOLS = ("mypy", "nox", "pytest-xdist", "ruff", "xmldiff")
"""What the quick tests use besides the extra ``test``."""

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests"]


def find_pyenv() -> None:
    """Let nox find the versions of pyenv: its shims only answer for those that are chosen."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    folders = [str(path / "bin") for path in sorted(root.glob("3.1[1-9].*"))]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the quick tests with the newest dependencies."""
    session.install("-e", ".[dev]")
    session.run("pytest", *QUICK, *FAST, *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run them with the oldest dependencies that pyproject.toml allows, and the newest tools for tests.

    Without the tools for the documentation, which need newer versions of these dependencies.
    """
    pins = str(Path(session.create_tmp(), "oldest.txt"))
    extras = [f"--extra={name}" for name in (*USED, "examples")]
    session.install("uv")
    oldest_first = ("--resolution=lowest-direct", f"--python-version={session.python}")
    session.run("uv", "pip", "compile", "-q", *oldest_first, "pyproject.toml", *extras, "-o", pins)
    session.run("uv", "pip", "install", "-q", "-e", ".[test]", *TOOLS, "-c", pins)  # pip takes minutes
    session.run("pytest", *QUICK, *FAST, *session.posargs)


def findings(report: dict[str, Any]) -> tuple[int, list[str]]:
    """Return how many packages were looked up by pip-audit, and what is known of them."""
    looked_up = [one for one in report["dependencies"] if "skip_reason" not in one]
    known = [
        f"{one['name']} {one['version']}: {fault['id']}, fixed in {' '.join(fault['fix_versions']) or 'none'}"
        for one in looked_up
        for fault in one["vulns"]
    ]
    return len(looked_up), known


@nox.session
def audit(session: nox.Session) -> None:
    """Look up known vulnerabilities of what users install. Where that isn't possible, say so."""
    report = Path(session.create_tmp(), "audit.json").resolve()
    report.unlink(missing_ok=True)
    try:
        session.install("pip-audit", f".[{','.join(USED)}]")
        options = ["--local", "--progress-spinner=off", "--timeout=10", "--format=json", f"--output={report}"]
        session.run("pip-audit", *options, success_codes=[0, 1], silent=True)
    except CommandFailed:
        session.warn("nothing was audited: packages couldn't be installed")
        return
    count, known = findings(json.loads(report.read_text())) if report.exists() else (0, [])
    if known:
        session.error("; ".join(known))
    if not count:
        session.warn("nothing was audited: the service that knows of vulnerabilities couldn't be reached")
        return
    session.log(f"{count} packages have no known vulnerabilities")


find_pyenv()
