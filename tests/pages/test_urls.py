"""Addresses: fields in the path and in the query, both ways."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pytest

from liveactions.actions.responses import Status
from liveactions.pages.component import Component, variables
from liveactions.pages.fields import InUrl, in_url
from liveactions.pages.page import Page, fill_from_address, page_url, register_page
from liveactions.pages.state import encode_state
from tests.support.pages import new


class Order(Enum):
    UP = "up"
    DOWN = "down"


class Table(Component):
    sort: InUrl[str] = "id"


class Search(Page):
    room: int = 0
    q: InUrl[str] = ""
    page: Annotated[int, in_url(push=True)] = 1
    exact: InUrl[bool] = False
    tags: InUrl[list[str]] = []
    order: InUrl[Order | None] = None
    since: InUrl[date | None] = None
    kind: InUrl[Literal["a", "b"]] = "a"
    hidden: str = ""
    table: Table = Table()


class Files(Page):
    path: str = ""
    name: str


register_page(Search, "/room/{room}")
register_page(Files, "/files/{name}/{path:path}")

GIVEN: dict[str, Any] = {
    "q": "a b&c=é+%",
    "page": 3,
    "exact": True,
    "tags": ["x", "y y"],
    "order": Order.DOWN,
    "since": date(2020, 1, 2),
    "kind": "b",
}


def test_fields_stand_in_the_address_unless_they_have_their_default() -> None:
    assert Search.url(room=3) == "/room/3"
    assert Search.url(room=3, q="", page=1, tags=[]) == "/room/3"
    assert Search.url(room=3, q="a b", page=2) == "/room/3?q=a+b&page=2"
    assert Search.url(room=3, exact=True, order=Order.UP) == "/room/3?exact=true&order=up"


def test_what_stands_in_the_address_is_read_again() -> None:
    page = new(Search)
    fill_from_address(page, {"room": "3"}, parse_qsl(urlsplit(Search.url(room=3, **GIVEN)).query))
    assert {name: getattr(page, name) for name in GIVEN} == GIVEN
    assert page.room == 3


def test_path_parameters_are_quoted() -> None:
    assert Files.url(name="b ?", path="c d/e?") == "/files/b%20%3F/c%20d/e%3F"
    with pytest.raises(ValueError, match="'a/b' can't be part of a path"):
        Files.url(name="a/b", path="")


@pytest.mark.parametrize(
    ("fields", "text"),
    [({}, "needs name"), ({"name": "x", "other": 1}, "no other"), ({"name": "x", "live": 1}, "no live")],
)
def test_an_address_needs_its_own_fields(fields: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        Files.url(**fields)


def test_a_field_that_is_not_in_the_address() -> None:
    with pytest.raises(TypeError, match="no hidden"):
        Search.url(room=1, hidden="x")


def test_a_page_without_a_path() -> None:
    class Lost(Page): ...

    with pytest.raises(TypeError, match="has no path"):
        Lost.url()


def test_a_path_parameter_without_a_field() -> None:
    class Room(Page): ...

    with pytest.raises(TypeError, match="no field for the 'room'"):
        register_page(Room, "/room/{room}")


@pytest.mark.parametrize(
    "query",
    [
        {"page": "x"},
        {"order": "sideways"},
        {"since": "never"},
        {"kind": "c"},
        {"page": ""},
        {"page": "9" * 5000},
    ],
)
def test_a_query_that_does_not_fit_is_the_default(query: dict[str, str]) -> None:
    page = new(Search)
    page.page, page.order, page.kind = 5, Order.UP, "b"
    fill_from_address(page, {}, list(query.items()))
    found: tuple[object, ...] = (page.page, page.order, page.since, page.kind)
    assert found == (1, None, None, "a")


class Dated(Page):
    day: InUrl[date]


@pytest.mark.parametrize(
    ("query", "shown"), [("", {}), ("day=2027-05-01", {"day": "2027-05-01"}), ("day=x", {})]
)
def test_a_field_without_a_default_has_a_value_only_if_the_address_gives_it(
    query: str, shown: dict[str, str]
) -> None:
    page = new(Dated)
    page.day = date(2020, 1, 2)  # of the address before
    fill_from_address(page, {}, parse_qsl(query))
    assert json.loads(b"".join(encode_state(page)))[0] == shown
    assert page_url(page) == (f"/page?{query}" if shown else "/page")


def test_a_path_that_does_not_fit_is_not_found() -> None:
    with pytest.raises(Status) as raised:
        fill_from_address(new(Search), {"room": "attic"}, [])
    assert raised.value.status == 404


def test_only_fields_in_the_address_are_filled_from_it() -> None:
    page = new(Search)
    fill_from_address(
        page,
        {"room": "1"},
        [("hidden", "x"), ("room", "7"), ("table", "x"), ("_live_record", "x"), ("live", "x")],
    )
    assert (page.hidden, page.room, type(page.table)) == ("", 1, Table)


def test_url_in_templates_changes_the_page_that_is_shown() -> None:
    page = new(Search, "http://testserver/app/room/3?q=x")
    page.live.root_path = "/app"
    fill_from_address(page, {"room": "3"}, [("q", "x")])
    url = variables(page)["url"]
    assert url() == "/app/room/3?q=x"
    assert url(page=2) == "/app/room/3?q=x&page=2"
    assert url(q="") == "/app/room/3"
    assert url(room=4) == "/app/room/4?q=x"
    with pytest.raises(TypeError, match="Search has no 'hidden' in its address: declare it with InUrl$"):
        url(hidden=1)


def test_url_in_templates_keeps_parameters_that_are_no_fields() -> None:
    page = new(
        Search, "http://testserver/room/3?utm_source=a+b%26c&q=x&tag=1&tag=&_s=abc&_a=add&table.sort=name"
    )
    fill_from_address(page, {"room": "3"}, [("q", "x"), ("table.sort", "name")])
    url, foreign = variables(page)["url"], "utm_source=a+b%26c&tag=1&tag="
    assert url() == f"/room/3?q=x&table.sort=name&{foreign}"
    assert url(q="") == f"/room/3?table.sort=name&{foreign}"
    assert url(room=3, page=2) == f"/room/3?q=x&page=2&table.sort=name&{foreign}"
    assert variables(page.table)["url"](**{"table.sort": "id"}) == f"/room/3?q=x&{foreign}"
    assert url(room=4) == "/room/4?q=x&table.sort=name"  # another page
    assert url("/room/3") == "/room/3" and Search.url(room=3) == "/room/3"


def test_url_in_templates_gives_other_addresses_of_the_application() -> None:
    page = new(Search, "http://testserver/app/room/3?q=x")
    page.live.root_path = "/app"
    url = variables(page)["url"]
    assert url("/") == "/app/"
    assert url("/tags/{tag}", tag="a b é", page=2, q=None) == "/app/tags/a%20b%20%C3%A9?page=2"
    assert url("/files/{path:path}", path="a/b.css") == "/app/files/a/b.css"
    with pytest.raises(TypeError, match="needs tag"):
        url("/tags/{tag}", page=2)
    with pytest.raises(ValueError, match="must begin with a slash"):
        url("tags")


def test_fields_of_components_stand_under_their_path() -> None:
    page = new(Search, "http://testserver/room/0")
    fill_from_address(page, {}, [("table.sort", "name")])
    assert page.table.sort == "name"
    url = variables(page.table)["url"]
    assert url() == "/room/0?table.sort=name"
    assert url(**{"table.sort": "id"}) == "/room/0"
