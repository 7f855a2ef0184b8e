"""Each name has an entry in the reference. What it says is what editors say, and its live example works."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path

import pytest

import liveactions
from docs.app import copies, create, visitor
from docs.code import DOCS, entries
from docs.live import DOCUMENTS, PAGES, application, examples
from liveactions import Live, testing
from liveactions.actions.action import Action
from liveactions.cli.check import check
from liveactions.html.lint import repairs
from liveactions.protocol import constants
from liveactions.templates.commands import METHODS
from liveactions.templates.live_attributes import (
    ATTRIBUTES,
    BIND_MODIFIERS,
    CLIENT_EVENTS,
    EVENTS,
    MODIFIERS,
    VIEW_MODIFIERS,
)
from liveactions.testing import Browser, Failed, Refusal

ROOT = DOCS.parent
TEXT = "\n".join(path.read_text() for path in sorted((DOCS / "reference").glob("*.md")))
ATTRIBUTES_PAGE = "reference/attributes.md"


def described() -> dict[str, str]:
    """Return what editors say about the attributes and modifiers that have an entry of their own."""
    names = {**ATTRIBUTES, **CLIENT_EVENTS}
    modifiers = {**MODIFIERS, **VIEW_MODIFIERS, **BIND_MODIFIERS}
    return {f"live-{name}": text for name, text in names.items()} | {
        f".{name}": text for name, text in modifiers.items()
    }


def test_attributes_are_described_as_in_editors() -> None:
    said = {name: text.split("\n\n")[0] for name, text in entries(ATTRIBUTES_PAGE).items()}
    said.pop("live-click")
    assert said == described()


def test_every_event_is_named_with_live_click() -> None:
    named = re.findall(r"`live-(\w+)`", entries(ATTRIBUTES_PAGE)["live-click"].split("```")[0])
    assert sorted(set(named)) == sorted(EVENTS)


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_live_examples(document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each opens, and each of its buttons is answered: with the page, or an error of the visitor."""
    monkeypatch.setenv("LIVEACTIONS_KEY", "k" * 32)
    live = application(document, tmp_path)
    assert document not in PAGES or check([live]) == []
    for js in (True, False):
        async with Browser(live, js=js) as browser:
            for example in examples(document):
                page = await browser.other().open(example.path)
                assert page.status == 200
                for button in page.texts("button"):
                    with suppress(
                        Refusal
                    ):  # it is in a dialog that is closed, or an earlier one has removed it
                        await answered(page.click(button))


async def answered(click: Awaitable[None]) -> None:
    try:
        await click
    except Failed as failure:
        assert failure.status in (401, 403, 404, 422, 504)


async def test_copies_of_live_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are complete HTML, and have no tokens: nothing differs from build to build."""
    monkeypatch.setenv("LIVEACTIONS_KEY", "k" * 32)
    written = await copies(tmp_path)
    assert list(written) == [example.file for document in DOCUMENTS for example in examples(document)]
    for html in written.values():
        assert repairs(html) == []
        assert "/_live/" not in html and "<div inert>" in html
        assert re.findall(r"[\w-]{30,}", html) == []


async def test_the_application_serves_the_site_and_the_pages(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("The site")
    async with visitor(create(tmp_path)) as client:
        assert (await client.get("/")).text == "The site"
        page = await client.get("/live/attributes/live-click.html")
    assert page.url.path == "/live/attributes/live-click" and "/live/attributes/_live/client." in page.text
    with pytest.raises(RuntimeError, match="make docs"):
        create(tmp_path / "missing")


@pytest.mark.parametrize("document", PAGES)
def test_examples_show_their_entry(document: str) -> None:
    shown = {example.entry: example.template for example in examples(document)}
    assert [name for name, source in shown.items() if name.removeprefix("save") not in source] == []


WITHOUT_EXAMPLE = {
    "for several workers and deploys": (
        "@action(idempotent=) @action(id=) @action(aliases=) keys= store= broker= name= live.drain"
    ),
    "for operators": "observer= dashboard= live.observe live.stats",
    "for developers": "debug= live.dependency_overrides @both_ways LiveError",
    "needs an object store or a folder": "DirectUpload uploads=",
    "is what a visitor leaves behind": "@action(on_leave=) live.disconnect self.live.disconnect",
    "needs another application, script or visitor": (
        "@action(js=) @action(by=) live.install around= allowed_origins="
    ),
}
"""Entries of which one page can't show anything."""


def test_every_other_entry_has_a_live_example() -> None:
    """An example of its own, or one below that names it: `An example of hooks`."""
    missing = []
    for document in DOCUMENTS:
        shared = re.findall(r"^### An example of .*?^::: live", (DOCS / document).read_text(), re.M | re.S)
        own = {example.entry for example in examples(document)}
        for name in entries(document).keys() - own - {"Live(…)", "Limits"}:
            if not any(re.search(rf"(?<![\w.]){re.escape(name)}", code) for code in shared):
                missing.append(name)
    assert sorted(missing) == sorted(" ".join(WITHOUT_EXAMPLE.values()).split())


# Nothing is left out


def options(cls: type, *others: str) -> list[str]:
    """Return the keyword parameters of a class that its base classes don't have."""
    parameters = inspect.signature(cls).parameters
    known = {"self", "function", *others}
    return [name for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY and name not in known]


def test_every_option_has_an_entry() -> None:
    starlette = inspect.signature(Live.__mro__[1]).parameters
    settings = {name for name in entries("reference/settings.md") if name.endswith("=")}
    assert settings == {f"{name}=" for name in options(Live) if name == "debug" or name not in starlette}
    decorators = {name for name in entries("reference/decorators.md") if name.startswith("@action(")}
    assert decorators == {f"@action({name}=)" for name in options(Action)}


def test_every_public_name_is_named() -> None:
    code = " ".join(" ".join(found) for found in re.findall(r"`([^`\n]+)`|^::: (.+)$", TEXT, re.MULTILINE))
    names = {*liveactions.__all__, *METHODS, *(name for name in vars(Live) if not name.startswith("_"))}
    assert [name for name in sorted(names) if not re.search(rf"(?<![\w-]){name}(?![\w-])", code)] == []


def test_it_names_nothing_that_is_not_there() -> None:
    named = re.findall(r"^### `(?:@)?live\.(\w+)`", (DOCS / "reference" / "settings.md").read_text(), re.M)
    assert named and [name for name in named if not hasattr(Live, name)] == []


def test_every_hint_has_an_entry() -> None:
    sources = [*(ROOT / "js" / "src" / "debug").glob("*.js"), *(ROOT / "liveactions").rglob("*.py")]
    said = {code for path in sources for code in re.findall(r"\bLA\d{3}\b", path.read_text())}
    explained = entries("reference/hints.md")
    assert said and sorted(said) == list(explained)
    assert all("**Cause.**" in text and "**Remedy.**" in text for text in explained.values())


def test_every_close_code_is_explained() -> None:
    codes = [value for name, value in vars(constants).items() if name.startswith("CLOSE_")]
    explained = re.findall(r"^\| (\d{4}) \|", (DOCS / "reference" / "protocol.md").read_text(), re.M)
    assert codes and sorted(codes) == [int(code) for code in explained]


def test_everything_that_a_test_does_is_documented() -> None:
    text = (DOCS / "testing.md").read_text()
    names = [name for cls in (testing.Part, testing.Page) for name in vars(cls) if name[0] != "_"]
    assert [name for name in names if not re.search(rf"\.{name}\b", text)] == []
