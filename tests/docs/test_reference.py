"""Each name has an entry in the reference. What it says is what editors say, and its example runs."""

from __future__ import annotations

import inspect
import re
import sys
from types import ModuleType

import pytest
from jinja2 import DictLoader, Environment

import liveactions
from liveactions import Live, testing
from liveactions.actions.action import Action
from liveactions.cli.check import check
from liveactions.protocol import constants
from liveactions.templates.attributes import (
    ATTRIBUTES,
    BIND_MODIFIERS,
    CLIENT_EVENTS,
    MODIFIERS,
    VIEW_MODIFIERS,
)
from liveactions.templates.commands import METHODS
from liveactions.templates.event_attributes import EVENTS
from liveactions.testing import Browser
from tests.docs.code import DOCS, blocks

ROOT = DOCS.parent
TEXT = "\n".join(path.read_text() for path in sorted((DOCS / "reference").glob("*.md")))
ATTRIBUTES_PAGE = "reference/attributes.md"
PAGES = {ATTRIBUTES_PAGE: "Examples", "reference/template-names.md": "Notes"}
"""Pages whose templates belong to one class, which their Python defines."""


def entries(document: str) -> dict[str, str]:
    """Return what a document says below each heading that is code."""
    parts = re.split(r"^#{2,3} (?=`)", (DOCS / document).read_text(), flags=re.MULTILINE)[1:]
    pairs = (part.split("\n", 1) for part in parts)
    return {name.strip("`"): text.strip() for name, text in pairs}


def examples(document: str) -> dict[str, str]:
    """Return the templates in a document, by the name of their entry and a number."""
    return {
        f"{name} {number}": template
        for name, text in entries(document).items()
        for number, template in enumerate(re.findall(r"^```jinja\n(.*?)^```", text, re.M | re.S))
    }


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


@pytest.mark.parametrize("document", PAGES)
async def test_examples(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    templates = examples(document)
    assert [name for name, source in templates.items() if name.split(" ")[0] not in source] == []
    module = ModuleType("reference_examples")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    python = "\n".join(code for kind, code in blocks(document) if kind == "python")
    exec(compile(python, document, "exec"), module.__dict__)
    live = Live(Environment(loader=DictLoader(templates), autoescape=True), debug=True, keys="k" * 32)
    for number, name in enumerate(templates):
        page = type(f"Example{number}", (getattr(module, PAGES[document]),), {"template": name})
        live.page(f"/{number}")(page)
    assert check([live]) == []
    for js in (True, False):
        async with Browser(live, js=js) as browser:
            pages = [await browser.open(f"/{number}") for number in range(len(templates))]
            assert [page.status for page in pages] == [200] * len(templates)


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
