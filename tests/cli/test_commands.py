from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from docs.code import DOCS
from liveactions.cli import commands
from liveactions.cli.commands import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {**os.environ})
    return tmp_path


def test_keys_are_long_and_differ() -> None:
    first, second = run("key").output.strip(), run("key").output.strip()
    assert len(first) >= 43 and first != second


def test_help_describes_the_commands() -> None:
    output = run("--help").output
    assert all(name in output for name in ("check", "dev", "key", "new", "routes"))


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_shells_complete_commands(shell: str) -> None:
    script = complete(_LIVEACTIONS_COMPLETE=f"{shell}_source")
    assert f"_LIVEACTIONS_COMPLETE={shell}_complete" in script
    assert f"_LIVEACTIONS_COMPLETE={shell}_source liveactions" in (DOCS / "cli.md").read_text()


def test_options_are_completed() -> None:
    words = {"COMP_WORDS": "liveactions check --fo", "COMP_CWORD": "2"}
    assert "--format" in complete(_LIVEACTIONS_COMPLETE="bash_complete", **words)


def test_components_are_completed() -> None:
    words = {"COMP_WORDS": "liveactions add button ta", "COMP_CWORD": "3"}
    assert complete(_LIVEACTIONS_COMPLETE="bash_complete", **words).split() == ["plain,table", "plain,tabs"]


def complete(**environ: str) -> str:
    return CliRunner().invoke(main, [], env=environ, prog_name="liveactions").output


def test_routes_lists_pages_with_actions_and_guards() -> None:
    output = run("routes", "examples.app:live").output
    line = next(line for line in output.splitlines() if line.startswith("/settings"))
    assert "examples.conduit.account.Settings" in line and "log_out" in line and line.endswith("member")


@pytest.mark.slow
def test_check_of_the_examples_finds_nothing() -> None:
    result = run("check", "examples.app:live")
    assert result.exit_code == 0 and "0 errors, 0 warnings" in result.output


def test_check_fails_on_errors(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "wrong_app.py").write_text(
        "from liveactions import Live, Page\nlive = Live('.')\n"
        "@live.page('/')\nclass Home(Page):\n    template = 'home.html'\n    title: str = ''\n"
    )
    (folder / "home.html").write_text("{{ titel }}")
    monkeypatch.syspath_prepend(str(folder))
    result = run("check", "wrong_app", "--format=github")
    assert result.exit_code == 1
    assert "::error file=home.html,line=1,col=4::Home has no 'titel'; did you mean 'title'?" in result.output


def test_an_application_that_is_not_there() -> None:
    result = run("check", "nowhere:app")
    assert result.exit_code == 2 and "no module named 'nowhere'" in result.output


def test_dev_serves_in_debug_mode_with_a_key_that_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVEACTIONS_KEY", raising=False)
    served: list[tuple[str, str, int, bool, str, str]] = []

    def serve(spec: str, host: str, port: int, browser: bool) -> None:
        key, debug = os.environ["LIVEACTIONS_KEY"], os.environ["LIVEACTIONS_DEBUG"]
        served.append((spec, host, port, browser, debug, key))

    monkeypatch.setattr(commands, "serve", serve)
    assert run("dev", "examples.app:live", "--port", "9000", "--no-open").exit_code == 0
    os.environ.pop("LIVEACTIONS_KEY")
    run("dev", "examples.app:live", "--port", "9000", "--no-open")
    assert served[0] == served[1]
    assert served[0][:5] == ("examples.app:live", "127.0.0.1", 9000, False, "1") and len(served[0][5]) >= 43
    assert stat.S_IMODE((folder / ".liveactions" / "key").stat().st_mode) == 0o600
    assert (folder / ".liveactions" / ".gitignore").read_text() == "*\n"


def test_a_port_that_is_in_use(unused_tcp_port: int) -> None:
    import socket

    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        result = run("dev", "examples.app:live", "--port", str(unused_tcp_port), "--no-open")
    assert result.exit_code == 1 and "is in use" in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="plain"),
        pytest.param(["--login"], id="login"),
        pytest.param(["--sqlalchemy", "--login", "--ui"], id="everything"),
    ],
)
def test_a_new_application_passes_its_own_tests(folder: Path, options: list[str]) -> None:
    result = run("new", "my shop", *options)
    assert result.exit_code == 0 and "liveactions dev" in result.output
    created = {path.name for path in (folder / "my shop").iterdir()}
    assert {"app.py", "templates", "tests", "Dockerfile", "AGENTS.md", ".gitignore"} <= created
    assert ("account.py" in created) == ("--login" in options)
    for template in (folder / "my shop" / "templates").iterdir():
        if template.name != "layout.html":
            assert ("<ui.Form" in template.read_text()) == ("--ui" in options), template
    assert 'name = "my-shop"' in (folder / "my shop" / "pyproject.toml").read_text()
    here = str(Path(__file__).parents[2])
    for command in (["-m", "pytest", "-q", "-p", "no:cacheprovider"], ["-m", "liveactions", "check"]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder / "my shop",
            env={**os.environ, "PYTHONPATH": here},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_application_needs_an_empty_folder(folder: Path) -> None:
    (folder / "notes.txt").write_text("x")
    result = run("new", ".")
    assert result.exit_code == 1 and "isn't an empty folder" in result.output


def test_what_is_created_is_well_formatted(folder: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed")
    run("new", "all", "--sqlalchemy", "--login", "--ui")
    run("new", "plain")
    for command in (["check", "--no-cache"], ["format", "--no-cache", "--check"]):
        done = subprocess.run([ruff, *command, "."], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
