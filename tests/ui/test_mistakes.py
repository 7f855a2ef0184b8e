"""Mistakes in tags of the kit: where they are found, and where they are said to be."""

from __future__ import annotations

import traceback
from typing import Annotated

import pytest
from jinja2 import DictLoader, Environment
from pydantic import Field

from liveactions import Bound, Component, Live, Page, action
from liveactions.cli.check import Finding, check
from liveactions.templates.diagnostics import location_of


class Address(Component):
    template = "address.html"

    @action
    async def move(self, street: str) -> None: ...


class Shop(Page):
    template = "shop.html"
    address: Address = Address()
    wanted: str = "titel"
    numbers: tuple[int, ...] = (1, 2)

    @action
    async def save(self, title: Annotated[str, Field(max_length=9)], done: bool = False) -> None: ...

    @action
    async def rename(self, number: Bound[int], title: str) -> None: ...


def found_in(body: str) -> list[Finding]:
    sources = {"shop.html": body, "address.html": "<p></p>"}
    live = Live(Environment(loader=DictLoader(sources), autoescape=True))
    live.page("/")(Shop)
    return [one for one in check([live]) if one.level == "error"]


TITEL = "save has no field 'titel' for a form; did you mean 'title'?"
WRONG = {
    '<ui.Field of="{{ save }}"\n ↓name="titel"/>': TITEL,
    '<p></p>\n<ui.Select of="{{ save }}" name="↓titel" options="{{ [] }}"/>': TITEL,
    '<ui.Form action="{{ save }}">\n  <ui.Field of="{{ save }}" name="↓titel" /></ui.Form>': TITEL,
    '<form method="post" action="{{ save }}">{{ save.input("↓titel") }}</form>': TITEL,
    '{% set c = save.control("↓titel") %}': TITEL,
    '{% for n in numbers %}\n<ui.Field of="{{ rename(n) }}" name="↓titel"/>{% endfor %}': TITEL.replace(
        "save", "rename"
    ),
    '<ui.Field of="{{ address.move }}" name="↓stret"/>': "move has no field 'stret'",
    '<ui.Field of="{{ save }}" name="↓other"/>': "save has no field 'other' for a form; it has title, done",
    '<p>\n</p>↓<ui.Field of="{{ save }}"/>': "save has no field '' for a form; it has title, done",
    '<p>\n</p>↓<ui.Field name="title"/>': "the field 'title' has no action: write of=",
    '↓<ui.Feild name="title"/>': "<ui.Feild>: there is no component",
}


@pytest.mark.parametrize("body", WRONG)
def test_what_check_finds(body: str) -> None:
    at = body.index("↓") + (6 if "↓name=" in body else 0)
    line, column = body[:at].count("\n") + 1, at - body.rfind("\n", 0, at)
    [found] = found_in(body.replace("↓", ""))
    assert found.text.startswith(WRONG[body])
    assert (found.file, found.line, found.column) == ("shop.html", line, column)


@pytest.mark.parametrize(
    "body",
    [
        '<ui.Field of="{{ save }}" name="title"/><ui.Field of="{{ save }}" name="{{ wanted }}"/>',
        '<ui.Form action="{{ save }}"/>{% for n in numbers %}{{ rename(n).input("title") }}{% endfor %}',
        '<ui.Field label="x" field="{{ save.field(\'titel\') }}"><input name="titel"></ui.Field>',
        '{% for save in numbers %}{{ save.input("titel") }}{% endfor %}',
        '{% set a = save %}{% set a = rename %}{{ a.input("titel") }}',
    ],
)
def test_what_it_does_not_know_is_no_mistake(body: str) -> None:
    assert [one for one in found_in(body) if "field" in one.text] == []


def test_an_error_at_run_time_names_the_template_of_the_tag() -> None:
    body = '<p>\n\n</p><ui.Select of="{{ save }}" name="{{ wanted }}"/>'
    live = Live(Environment(loader=DictLoader({"shop.html": body, "address.html": ""}), autoescape=True))
    page = live.page("/")(Shop)
    with pytest.raises(TypeError, match="did you mean 'title'") as error:
        live.templates.view("shop.html").render({"save": page().save, "wanted": "titel"})
    place = location_of(error.value)
    assert place is not None and (place.name, place.line) == ("shop.html", 3)
    assert place.startswith("in the template shop.html, line 3 (components/ui/Field.html, line ")
    frames = [frame.filename.rpartition("/")[2] for frame in traceback.extract_tb(error.value.__traceback__)]
    at = frames.index("Select.html")
    assert frames[at - 1 : at + 2] == ["<template>", "Select.html", "Field.html"]


def test_an_error_in_a_component_of_the_application_names_that() -> None:
    files = {
        "page": "\n\n<Own/>",
        "components/Own.html": "<b>\n<ui.Dialog id='a' title='{{ 1 // 0 }}'>x</ui.Dialog></b>",
    }
    live = Live(Environment(loader=DictLoader(files), autoescape=True))
    with pytest.raises(ZeroDivisionError) as error:
        live.templates.view("page").render({})
    place = location_of(error.value)
    assert place == "in the template components/Own.html, line 2"
