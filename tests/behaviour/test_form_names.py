"""Fields of a form whose names aren't parameters of its action: what the log and the console say."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from starlette.datastructures import FormData

from liveactions import Depends, Draft, Live, Page, Pages, action
from liveactions.actions.form_names import field_names, takes_field
from liveactions.execution import advice
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser
from tests.support.small import small_app


@dataclass
class Address:
    street: str
    lines: list[str]
    more: dict[str, int]


def form_of(form: FormData) -> FormData:
    return form


class Cases:
    @action
    async def flat(self, dish: str, tags: list[str], done: bool = False) -> None: ...

    @action
    async def whole(self, address: Address) -> None: ...

    @action
    async def nested(self, name: str, address: Address, other: Address, rows: list[Address]) -> None: ...

    @action
    async def edit(self, address: Draft[Address]) -> None: ...

    @action
    async def everything(self, dish: str, form: FormData) -> None: ...

    @action
    async def depending(self, dish: str, form: Annotated[FormData, Depends(form_of)]) -> None: ...


@pytest.mark.parametrize(
    ("name", "taken", "ignored"),
    [
        ("flat", "dish tags tags[0] done", "dishes dish.x tags.x tags[] first-name"),
        ("whole", "street lines lines[3] more.a", "address address.street streets more street.x"),
        (
            "nested",
            "name address.street address.lines[0] rows[2].street rows[1].more.x",
            "street rows-0-street",
        ),
        ("edit", "street lines[1]", "address.street city"),
        ("everything", "dish dishes rows-0-x", ""),
        ("depending", "dish dishes", ""),
    ],
)
def test_which_names_an_action_takes(name: str, taken: str, ignored: str) -> None:
    function: Any = vars(Cases)[name]
    assert [one for one in taken.split() if not takes_field(function, one)] == []
    assert [one for one in ignored.split() if takes_field(function, one)] == []
    assert all(takes_field(function, one) or one.endswith("more") for one in field_names(function))


def menu(form: str, debug: bool = True) -> Live:
    pages = Pages()

    @pages.page("/")
    class Menu(Page):
        template = "menu.html"

        @action
        async def add(self, dish: str, price: int = 0) -> None: ...

    template = (
        f'<title>Menu</title>\n<form method="post" action="{{{{ add }}}}">\n{form}<button>Add</button></form>'
    )
    return small_app(pages, {"menu.html": template}, debug=debug)


WRONG = '<input name="dishes" aria-label="Dish">'
SAID = (
    "LA010 menu.html, line 3: add wasn't called: 'dish' is required, and the form has no such field."
    " It has 'dishes', which no parameter takes. Did you mean name=\"dish\"?"
)


@ways("SHN")
async def test_the_log_says_once_why_an_action_is_not_called(
    way: Way, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice, "_advised", set())
    async with visiting(menu(WRONG), way) as visitor:
        page = await visitor.open("/")
        for _ in range(2):
            await page.fill("Dish", "Soup")
            await page.click("Add")
    assert [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING] == [SAID]


@pytest.mark.parametrize(
    ("form", "debug"),
    [
        (WRONG, False),
        ('<input name="dish" aria-label="Dish">', True),
        ('<input name="dish" aria-label="Dish"><input name="dishes">', True),
        ('<input name="price" aria-label="Dish">', True),
    ],
)
async def test_other_errors_are_the_visitors(
    form: str, debug: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice, "_advised", set())
    async with visiting(menu(form, debug), "S") as visitor:
        page = await visitor.open("/")
        await page.click("Add")
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_the_console_says_it_too() -> None:
    async with browser(menu(WRONG)) as one:
        tab = await one.joined("/")
        frame = await tab.call("add", "dishes", "Soup")
        assert frame[5]["events"] == [["live:advice", [[*SAID.split(" ", 1)]]]]
        assert "events" not in (await tab.call("add", "dish", "Soup"))[5]
