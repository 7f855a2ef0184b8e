"""What is uploaded: the wheel has the library and nothing else, the sdist what its own tests need."""

from __future__ import annotations

import hashlib
import os
import runpy
import subprocess
import sys
import tarfile
import tomllib
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
VERSION = PROJECT["version"]
pytestmark = pytest.mark.slow


def build(source: Path, folder: Path) -> None:
    """Build sdist and wheel into a folder."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder)
    return folder


@pytest.fixture
def wheel(dist: Path) -> ZipFile:
    return ZipFile(dist / f"liveactions-{VERSION}-py3-none-any.whl")


def test_the_wheel_has_the_library_and_nothing_else(wheel: ZipFile) -> None:
    library = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "liveactions").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = {f"liveactions-{VERSION}.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    about |= {f"liveactions-{VERSION}.dist-info/{name}" for name in ("entry_points.txt", "licenses/LICENSE")}
    assert set(wheel.namelist()) == library | about
    for name in ("py.typed", "liveactions.html-data.json", "cli/project/AGENTS.md.jinja"):
        assert f"liveactions/{name}" in library
    assert any(name.startswith("liveactions/static/client.") for name in library)


def test_its_metadata_is_the_projects(wheel: ZipFile) -> None:
    metadata = message_from_string(wheel.read(f"liveactions-{VERSION}.dist-info/METADATA").decode())
    assert (metadata["Version"], metadata["License-Expression"]) == (VERSION, "MIT")
    assert [line.partition(",")[0] for line in metadata.get_all("Project-URL", [])] == list(PROJECT["urls"])
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_sdist_has_what_its_tests_need(dist: Path) -> None:
    with tarfile.open(dist / f"liveactions-{VERSION}.tar.gz") as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for name in ("liveactions/app.py", "tests/conftest.py", "docs/forms.md", "js/package.json", "mkdocs.yml"):
        assert name in names
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "CONTRIBUTING.md", "pyproject.toml"):
        assert name in names
    assert not [name for name in names if name.endswith((".db", ".pyc")) or "node_modules" in name]


def test_the_sdist_makes_the_same_files(dist: Path, tmp_path: Path) -> None:
    with tarfile.open(dist / f"liveactions-{VERSION}.tar.gz") as sdist:
        sdist.extractall(tmp_path, filter="data")
    build(tmp_path / f"liveactions-{VERSION}", tmp_path / "dist")
    assert len(digests(dist)) == 2 and digests(tmp_path / "dist") == digests(dist)


def test_descriptions_can_be_shown(dist: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, dist.iterdir())]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_audit_tells_what_it_has_looked_up() -> None:
    findings = runpy.run_path(str(ROOT / "noxfile.py"))["findings"]
    skipped = {"name": "a", "skip_reason": "not found"}
    fine = {"name": "b", "version": "1", "vulns": []}
    fault = {"id": "CVE-1", "fix_versions": ["2.1"]}
    report = {"dependencies": [skipped, fine, {"name": "c", "version": "2", "vulns": [fault]}]}
    assert findings(report) == (2, ["c 2: CVE-1, fixed in 2.1"])
    assert findings({"dependencies": [skipped]}) == (0, [])


def test_the_newest_heading_of_the_changelog_is_this_version() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0].startswith((f"## [{VERSION}] - ", "## [Unreleased]"))
