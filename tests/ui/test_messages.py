"""`Live(messages=)` sets the texts of components once for the whole application."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import nodes

from liveactions import Live, Page, action, jinja
from liveactions.exceptions import TemplateError
from tests.support.asgi import browser

language = ["en"]


class Lazy:
    """A translation that is looked up when it is shown."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    def __str__(self) -> str:
        return self._texts[language[0]]


class Asking(Page):
    template = jinja("""<title>Asking</title>
        <ui.Dialog id="a" title="A">…</ui.Dialog>
        <ui.Dialog id="b" title="B" close="Done">…</ui.Dialog>
        <ui.Toasts/>{{ button(speak, "Deutsch") }}""")

    @action
    async def speak(self) -> None:
        language[0] = "de"


def asking(messages: Any) -> Live:
    live = Live(messages=messages)
    live.page("/")(Asking)
    return live


async def labels(live: Live) -> list[str]:
    async with browser(live) as visitor:
        return re.findall('class="ui-close"[^>]* aria-label="([^"]*)"', (await visitor.open("/")).html)


async def test_a_message_replaces_the_default_of_a_prop() -> None:
    assert await labels(asking({"ui.Dialog.close": "Schließen"})) == ["Schließen", "Done"]
    assert await labels(asking({"ui.Toasts.close": "Weg"})) == ["Close", "Done"]
    assert await labels(asking(None)) == ["Close", "Done"]


async def test_a_lazy_message_is_translated_in_each_render(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "language", ["en"])
    live = asking({"ui.Dialog.close": Lazy(en="Close it", de="Schließen")})
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        assert "Close it" in tab.html
        assert "Schließen" in str(await tab.call("speak"))
    assert await labels(live) == ["Schließen", "Done"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("ui.Dialog.clsoe", "x", "<ui.Dialog> has no prop 'clsoe'; did you mean 'close'"),
        ("ui.Dialog.size", "huge", "size is one of 'small', 'medium', 'large', not 'huge'"),
    ],
)
def test_a_message_that_no_component_takes_is_an_error(name: str, text: str, problem: str) -> None:
    live = asking({name: text})
    with pytest.raises(TemplateError, match=problem):
        live.templates.view(str(Asking.template))


def test_the_documentation_lists_the_texts_of_the_kit() -> None:
    components = asking(None).templates.environment.components
    rows = re.findall(r"^\| (`ui\..*`) \| (.*) \|$", Path("docs/translations.md").read_text(), re.MULTILINE)
    listed = [
        pair for names, texts in rows for pair in zip(names.split(", "), texts.split(", "), strict=True)
    ]
    assert len(listed) > 15
    for name, text in listed:
        tag, _, prop = name.strip("`").rpartition(".")
        default = components.find(tag, None, 1).props[prop].default
        assert isinstance(default, nodes.Const) and default.value == text, name
