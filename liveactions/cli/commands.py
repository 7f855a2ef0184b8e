"""The commands. Each is a thin layer over a module that knows nothing of the command line."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from ..app import DEBUG_VARIABLE, Live
from ..pages.component import describe
from ..pages.page_functions import FunctionPage
from ..security.signing import ENVIRONMENT
from ..ui.kit import KitError, listed
from ..ui.kit import add as add_components
from .application import Loaded, LoadError, ServeError, load, serve
from .check import check as find_mistakes
from .html_data import html_data as describe_attributes
from .scaffold import ProjectError, create_project

_APP_HELP: Final = """APP is module:attribute, as for uvicorn. By default it is the application in app.py or
main.py, or the one that LIVEACTIONS_APP names."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="liveactions", prog_name="liveactions")
def main() -> None:
    """Create, run and check applications of live pages."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--sqlalchemy", is_flag=True, help="Store data with SQLAlchemy instead of plain SQLite.")
@click.option("--login", is_flag=True, help="Ask visitors to sign in.")
@click.option("--ui", is_flag=True, help="Use the component kit for forms and buttons.")
def new(folder: Path, sqlalchemy: bool, login: bool, ui: bool) -> None:
    """Create a small application in FOLDER: a page, its template, tests, a Dockerfile."""
    try:
        files = create_project(folder, sqlalchemy=sqlalchemy, login=login, ui=ui)
    except ProjectError as error:
        raise click.ClickException(str(error)) from None
    for file in files:
        click.echo(f"created {file}")
    click.echo(f"\nNext:\n  cd {folder}\n  pip install -e '.[dev]'\n  liveactions dev")


def _component_names(context: click.Context, parameter: click.Parameter, start: str) -> list[CompletionItem]:
    names = ((one.name.lower(), one.summary) for one in listed())
    return [CompletionItem(name, help=summary) for name, summary in names if name.startswith(start)]


@main.command()
@click.argument("names", nargs=-1, shell_complete=_component_names)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("templates"),
    show_default=True,
    help="The folder of your templates.",
)
@click.option("--force", is_flag=True, help="Overwrite files that you have changed.")
def add(names: tuple[str, ...], folder: Path, force: bool) -> None:
    """Copy components of the kit into your project, to change them.

    NAMES are those of components: dialog table. Without any, list them. All components can be used without
    being copied; your own files are used instead of the kit's. What a component needs is copied with it.
    """
    if not names:
        width = max(len(one.name) for one in listed())
        for one in listed():
            click.echo(f"{one.name.lower().ljust(width)}  {one.summary}")
        return
    try:
        copied = add_components(names, folder, force=force)
    except KitError as error:
        raise click.ClickException(str(error)) from None
    for path in copied:
        click.echo(f"created {path}")


@main.command(epilog=_APP_HELP)
@click.argument("app", required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--open/--no-open", "browser", default=True, show_default=True, help="Open a browser.")
def dev(app: str | None, host: str, port: int, browser: bool) -> None:
    """Serve an application for development.

    Debug mode is on. Python code is reloaded when it is saved, and open pages keep their state; templates
    are applied at once.
    """
    os.environ.setdefault(DEBUG_VARIABLE, "1")
    os.environ.setdefault(ENVIRONMENT, _development_key())  # pages keep their state when the code is reloaded
    try:
        serve(_load(app).spec, host, port, browser)
    except ServeError as error:
        raise click.ClickException(str(error)) from None


@main.command(epilog=_APP_HELP)
@click.argument("app", required=False)
@click.option("--format", "style", type=click.Choice(["text", "github"]), default="text", show_default=True)
def check(app: str | None, style: str) -> None:
    """Find mistakes without running the application.

    All templates are compiled. Names and attributes that a page's template reads are compared with the
    page's fields. Exits with 1 if there is an error; warnings alone exit with 0.
    """
    findings = find_mistakes(_load(app).lives)
    for finding in findings:
        click.echo(finding.github() if style == "github" else str(finding))
    errors = sum(finding.level == "error" for finding in findings)
    click.echo(f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}", err=True)
    if errors:
        raise SystemExit(1)


@main.command(epilog=_APP_HELP)
@click.argument("app", required=False)
def routes(app: str | None) -> None:
    """List the pages: path, page, actions, guards."""
    rows = [("PATH", "PAGE", "ACTIONS", "GUARDS")]
    for live in _load(app).lives:
        rows += _rows(live)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@main.command()
def key() -> None:
    """Print a new secret for LIVEACTIONS_KEY."""
    click.echo(secrets.token_urlsafe(32))


@main.command("html-data")
def html_data() -> None:
    """Print all live attributes and modifiers for editors.

    Save it as .vscode/liveactions.html-data.json and name that in html.customData of VS Code's settings.
    Applications that liveactions new has created have both.
    """
    click.echo(describe_attributes(), nl=False)


def _load(spec: str | None) -> Loaded:
    os.environ.setdefault(ENVIRONMENT, secrets.token_urlsafe(32))  # nothing is sealed with it
    try:
        return load(spec)
    except LoadError as error:
        raise click.UsageError(str(error)) from None


def _rows(live: Live) -> Iterator[tuple[str, str, str, str]]:
    for route in live.site.routes:
        page = route.page
        is_known = not issubclass(page, FunctionPage)  # a page function defines its actions when it runs
        actions = ", ".join(describe(page).actions) if is_known else "…"
        guards = [*live.services.guards, *page._live_guards]
        names = [getattr(one.dependency, "__name__", repr(one.dependency)) for one in guards]
        yield route.path, f"{page.__module__}.{page.__qualname__}", actions or "-", ", ".join(names) or "-"


def _development_key() -> str:
    """Return the key of this folder, made once: open pages keep their state when the server restarts."""
    folder = Path(".liveactions")
    file = folder / "key"
    if not file.exists():
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
