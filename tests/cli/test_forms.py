"""Names of controls in forms that are written by hand: those that `liveactions check` finds, and others."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from jinja2 import DictLoader, Environment
from starlette.datastructures import FormData
from starlette.requests import Request

from liveactions import Bound, Component, Draft, Live, Page, action
from liveactions.cli.check import Finding, _Check, check


@dataclass
class Address:
    street: str
    lines: list[str]


class Tip(Component):
    template = "tip.html"

    @action
    async def give(self, amount: int) -> None: ...


class Menu(Page):
    template = "menu.html"
    q: str = ""
    numbers: tuple[int, ...] = ()
    tip: Tip = Tip()
    tips: tuple[Tip, ...] = ()

    @action
    async def add(self, dish: str, price: int = 0) -> None: ...

    @action
    async def rename(self, number: Bound[int], dish: str) -> None: ...

    @action
    async def look(self, query: str = "") -> None: ...

    @action
    async def move(self, note: str, address: Address, other: Address) -> None: ...

    @action
    async def send(self, address: Address) -> None: ...

    @action
    async def add_line(self, address: Draft[Address]) -> None: ...

    @action
    async def take_form(self, form: FormData) -> None: ...

    @action
    async def take_request(self, request: Request, dish: str) -> None: ...


def found_in(bodies: list[str], monkeypatch: pytest.MonkeyPatch) -> list[list[Finding]]:
    """Return what is found in each of these templates, which are all checked at once."""
    names = [f"{number}.html" for number in range(len(bodies))]
    sources = dict(zip(names, bodies, strict=True))
    sources |= {"tip.html": "<p></p>", "part.html": "<p></p>"}
    sources["components/Own.html"] = '{# props name #}<label><input name="{{ name }}"></label>'
    live = Live(Environment(loader=DictLoader(sources), autoescape=True))
    for name in names:
        live.page(f"/{name}")(type(name, (Menu,), {"template": name, "__module__": __name__}))
    monkeypatch.setattr(_Check, "_names", lambda self: names)  # without the library's own
    found = [one for one in check([live]) if "for a form" in one.text or one.level == "error"]
    return [[one for one in found if one.file == name] for name in names]


DISHES = "add has no field 'dishes' for a form; did you mean 'dish'?"
WRONG = {
    '<form method="post" action="{{ add }}">\n <input ↓name="dishes"></form>': DISHES,
    '<form action="{{ add }}">\n{% if q %}<select\n ↓name="dishes"></select>{% endif %}</form>': DISHES,
    '<form action="{{ add }}"><textarea {{ q }} ↓name="dishes">x</textarea><button>A</button></form>': DISHES,
    '<form action="{{ add }}"><input name="dish"><input type="hidden" ↓name="prize"></form>': (
        "add has no field 'prize' for a form; did you mean 'price'?"
    ),
    '{% for n in numbers %}<form action="{{ rename(n) }}"><input ↓name="dishes"></form>{% endfor %}': (
        DISHES.replace("add", "rename")
    ),
    '{% for t in tips %}<form action="{{ t.give }}"><input ↓name="amuont"></form>{% endfor %}': (
        "give has no field 'amuont' for a form; did you mean 'amount'?"
    ),
    '<form action="{{ add if q else look }}"><input name="query"><input ↓name="dishes"></form>': DISHES,
    '<form action="{{ add }}"><input ↓name="dishes"><b formaction="{{ look }}">L</b></form>': DISHES,
    '<form action="{{ send }}"><input ↓name="address.street"><input name="lines"></form>': (
        "send has no field 'address.street' for a form; did you mean 'street'?"
    ),
    '<form action="{{ move }}"><input ↓name="street"></form>': "move has no field 'street' for a form;",
    '{% for n in q %}<form action="{{ add }}">{{ n }}{{ loop.index }}<input ↓name="x1"></form>{% endfor %}': (
        "add has no field 'x1' for a form; it has dish, price"
    ),
    '<ui.Form action="{{ add }}"><input ↓name="dishes"></ui.Form>': DISHES,
    '<form action="{{ add }}"><ui.Button>Add</ui.Button><input ↓name="x1"></form>': (
        "add has no field 'x1' for a form; it has dish, price"
    ),
}


def test_what_check_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_in([body.replace("↓", "") for body in WRONG], monkeypatch)
    for number, (body, text) in enumerate(WRONG.items()):
        at = body.index("↓")
        line, column = body[:at].count("\n") + 1, at - body.rfind("\n", 0, at)
        assert [(one.level, one.line, one.column) for one in found[number]] == [("warning", line, column)], (
            body
        )
        assert found[number][0].text.startswith(text)


RIGHT = [
    '<form action="{{ add }}"><input name="dish"><input name="price"></form><input name="dishes">',
    '<form action="{{ add }}"><input name="{{ q }}"><input name="d{{ q }}"><input name><input></form>',
    '<form action="{{ add }}"><button name="how" value="x"></button><input type=submit name="go"></form>',
    '<form action="{{ add }}"><input type="hidden" name="csrf_token"><input name="_charset_"></form>',
    '<form action="{{ add }}"><input form="other" name="dishes"></form>',
    '<form action="{{ add }}"><input live-bind="{{ live.field.q }}"></form>',
    '<form action="{{ add }}"><input name="query" live-input="{{ look }}"></form>',
    '<form action="{{ add }}"><input name="x" live-input="{{ live.field.q }}"></form>',
    '<form action="{{ add }}"><input name="query"><button formaction="{{ look }}">L</button></form>',
    '<form action="{{ add }}"><input name="q"><button formaction="/search">L</button></form>',
    '<form action="{{ add }}" id="a"><input name="query"></form>'
    '<button form="a" formaction="{{ look }}">L</button>',
    '<form action="{{ add }}"><input name="other">{% include "part.html" %}</form>',
    '{% macro m() %}{{ varargs }}{% endmacro %}<form action="{{ add }}"><input name="x1">{{ m() }}</form>',
    '{% set b %}<p></p>{% endset %}<form action="{{ add }}"><input name="x1">{{ b }}</form>',
    '<form action="{{ add }}"><input name="amount">{{ tip }}</form>',
    '<form action="{{ add }}"><input name="x1"><button {{ q|safe }}>A</button></form>',
    '<form action="{{ rename(3) }}"><input type="hidden" name="number"><input name="dish"></form>',
    '<form action="{{ move }}"><input name="address.street"><input name="other.lines[0]"></form>',
    '<form action="{{ send }}"><input name="street"><input name="lines"><input name="lines[1]"></form>',
    '<form action="{{ add_line }}"><input name="street"><input name="lines[0]"></form>',
    '<form action="{{ take_form }}"><input name="rows-0-x"></form>',
    '<form action="{{ take_request }}"><input name="dishes"></form>',
    '<form action="/search"><input name="dishes"></form><form><input name="dishes"></form>',
    '<form live-submit="{{ add }}"><input name="page"></form>',
    '<form action="{{ q }}"><input name="dishes"></form>',
    '{% set add = look %}{% set add = q %}<form action="{{ add }}"><input name="dishes"></form>',
    '{% if q %}<form action="{{ add }}">{% else %}<form action="{{ look }}">{% endif %}'
    '<input name="query"></form>',
    '<form action="{{ add }}"><template><input name="x1"></template><!-- <input name="x2"> --></form>',
    '<form action="{{ add }}"><input name="dishes"><{{ q }}></form>',
]


def test_what_may_be_right_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_in(RIGHT, monkeypatch)
    assert {body: texts for body, texts in zip(RIGHT, found, strict=True) if texts} == {}


def test_names_that_are_given_to_components(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Check, "_file", lambda self, name: "0.html")
    [[found]] = found_in(['<form action="{{ add }}">\n<Own name="dishes"/></form>'], monkeypatch)
    assert found.text == DISHES
