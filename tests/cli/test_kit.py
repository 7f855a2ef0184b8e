"""``liveactions add``."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liveactions.cli.commands import main
from liveactions.ui import kit

FOLDER = Path("templates/components/ui")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates").mkdir()
    return tmp_path


def add(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["add", *arguments])


def test_without_names_components_are_listed_with_a_line_each() -> None:
    lines = add().output.splitlines()
    assert len(lines) == len(kit.listed()) and all(re.fullmatch(r"[a-z]+ +\S.*\.", line) for line in lines)
    assert "dialog" in add().output and "Part of" not in add().output


def test_a_component_is_copied_with_what_it_needs() -> None:
    assert add("Confirm").exit_code == 0
    assert {file.name for file in FOLDER.iterdir()} == {
        "Button.html",
        "Confirm.html",
        "Dialog.html",
        "theme.css",
    }
    assert (FOLDER / "Dialog.html").read_bytes() == (kit.KIT / "Dialog.html").read_bytes()


def test_python_code_is_copied_beside_the_templates_and_runs_there() -> None:
    assert add("table", "markdown").exit_code == 0
    assert {"Table.html", "Pagination.html"} <= {file.name for file in FOLDER.iterdir()}
    assert {file.name for file in Path("ui").iterdir()} == {"table.py", "markdown.py"}
    for file in Path("ui").iterdir():
        assert "from ." not in file.read_text()
        assert runpy.run_path(str(file))


def test_changed_files_are_only_overwritten_by_force() -> None:
    add("dialog")
    (FOLDER / "Dialog.html").write_text("mine")
    result = add("dialog", "button")
    assert (
        result.exit_code == 1
        and "Dialog.html: exists and differs; overwrite it with --force" in result.output
    )
    assert (FOLDER / "Dialog.html").read_text() == "mine" and not (FOLDER / "Button.html").exists()
    assert add("dialog", "--force").exit_code == 0
    assert "<dialog" in (FOLDER / "Dialog.html").read_text()
    assert add("dialog").exit_code == 0  # nothing differs


def test_unknown_names_and_folders(folder: Path) -> None:
    result = add("dialg")
    assert result.exit_code == 1
    assert "there is no component 'dialg'; did you mean 'dialog'?" in result.output
    result = add("dialog", "--to", "pages")
    assert (
        result.exit_code == 1
        and "there is no folder pages: name that of your templates with --to" in result.output
    )
    assert not FOLDER.exists()


@pytest.mark.parametrize("path", ["components", "components/ui/Dialog.html/x"])
def test_files_that_can_t_be_written(path: str) -> None:
    place = Path("templates", path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    for options in ([], ["--force"]):
        result = add("dialog", *options)
        assert result.exit_code == 1 and result.output.startswith("Error: templates/components"), (
            result.output
        )
        assert place.read_text() == "in the way"
