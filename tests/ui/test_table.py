"""`ui.rows` and `ui.View`: which rows a table shows, and what its links lead to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveactions import InUrl, Live, Page, action, jinja, ui
from liveactions.testing import Browser, both_ways
from tests.support.small import KEY


@dataclass(frozen=True)
class Person:
    name: str
    city: str
    age: int | None


NAME, CITY, AGE = ui.Column("name", "Name"), ui.Column("city", "City"), ui.Column("age", "Age", numeric=True)
COLUMNS = (NAME, CITY, AGE, ui.Column("secret", "Actions", sortable=False, searchable=False))
PEOPLE = (Person("ada", "Oslo", 36), Person("Bram", "Rome", None), Person("Cleo", "oslo", 7))


def names(**fields: Any) -> list[str]:
    return [person.name for person in ui.rows(PEOPLE, COLUMNS, **fields).items]


def test_sorting() -> None:
    assert names() == ["ada", "Bram", "Cleo"]
    assert names(sort="name") == ["ada", "Bram", "Cleo"]
    assert names(sort="-name") == ["Cleo", "Bram", "ada"]
    assert names(sort="city") == ["ada", "Cleo", "Bram"], "the order of the source decides between equals"
    assert names(sort="-city") == ["Bram", "ada", "Cleo"]


def test_rows_without_a_value_come_last() -> None:
    assert names(sort="age") == ["Cleo", "ada", "Bram"]
    assert names(sort="-age") == ["ada", "Cleo", "Bram"]


def test_values_of_several_types_are_sorted() -> None:
    day = date(2026, 1, 2)
    values = [
        "b",
        3,
        None,
        day,
        "10",
        Decimal("2.5"),
        float("nan"),
        "A",
        True,
        day.replace(day=1),
        (1, "x"),
        Decimal("nan"),
    ]
    items = [{"value": value} for value in values]
    column = ui.Column("value", "Value")
    found = [item["value"] for item in ui.rows(items, [column], sort="value").items]
    order = [True, Decimal("2.5"), 3, "10", "A", "b", day.replace(day=1), day, (1, "x")]
    assert found[:9] == order and list(map(str, found[9:])) == ["None", "nan", "NaN"]
    back = [item["value"] for item in ui.rows(items, [column], sort="-value").items]
    assert back[:9] == order[::-1] and list(map(str, back[9:])) == ["None", "nan", "NaN"]
    pairs = [{"value": value} for value in ((1, 2), (1, "a"), {"a": 1}, {"b": 2}, 1j)]
    assert len(ui.rows(pairs, [column], sort="value").items) == 5, "these can't be compared among themselves"


@pytest.mark.parametrize("sort", ["secret", "-secret", "__class__", "__dict__", "--name", "-", "nonsense"])
def test_rows_are_only_sorted_by_columns_that_allow_it(sort: str) -> None:
    assert names(sort=sort) == ["ada", "Bram", "Cleo"]


def test_search() -> None:
    assert names(q="OSLO") == ["ada", "Cleo"]
    assert names(q=" oslo  36 ") == ["ada"], "each word, in any column"
    assert names(q="ada rome") == []
    assert names(q="  ") == ["ada", "Bram", "Cleo"]
    assert names(q="none") == [], "what a table doesn't show isn't found"


def test_rows_may_be_mappings() -> None:
    found = ui.rows([{"name": "b"}, {"name": "a"}], [NAME], sort="name", q="A")
    assert found.items == ({"name": "a"},)


def test_a_page() -> None:
    found = ui.rows(range(45), [], page=2)
    assert (found.items, found.total, found.pages, found.page) == (tuple(range(20, 40)), 45, 3, 2)
    assert (found.first, found.last) == (21, 40)


@pytest.mark.parametrize(("page", "shown"), [(0, 1), (-7, 1), (4, 3), (10**30, 3)])
def test_pages_that_do_not_exist(page: int, shown: int) -> None:
    assert ui.rows(range(45), [], page=page).page == shown


def test_no_rows() -> None:
    found: ui.Rows[Person] = ui.rows((), COLUMNS, sort="name", page=3)
    assert (found.items, found.page, found.pages, found.first, found.last) == ((), 1, 1, 0, 0)
    assert found.links == (1,)


def test_a_source_that_sorts_by_itself() -> None:
    view = ui.View(COLUMNS, sort="-age", page=3, q="x", size=10)
    assert (view.column, view.is_descending, view.offset(25), view.offset(12)) == (AGE, True, 20, 10)
    found = view.rows(iter(["u", "v"]), 22)
    assert (found.items, found.page, found.first, found.last) == (("u", "v"), 3, 21, 22)


def test_fields_of_links() -> None:
    found = ui.rows(PEOPLE, COLUMNS, sort="name", page=2, size=1)
    assert found.by(NAME) == {"sort": "-name", "page": 1}
    assert found.by(CITY) == {"sort": "city", "page": 1}
    assert ui.rows(PEOPLE, COLUMNS, sort="-name").by(NAME) == {"sort": "name", "page": 1}
    assert [found.direction(one) for one in (NAME, CITY)] == ["ascending", None]
    assert ui.rows(PEOPLE, COLUMNS, sort="-name").direction(NAME) == "descending"
    assert found.at(3) == {"page": 3}
    other = ui.rows(PEOPLE, COLUMNS, prefix="other_")
    assert (other.at(3), other.by(NAME)) == ({"other_page": 3}, {"other_sort": "name", "other_page": 1})


@pytest.mark.parametrize(
    ("page", "links"),
    [
        (1, (1, 2, 3, 4, 5, None, 20)),
        (4, (1, 2, 3, 4, 5, None, 20)),
        (5, (1, None, 4, 5, 6, None, 20)),
        (16, (1, None, 15, 16, 17, None, 20)),
        (17, (1, None, 16, 17, 18, 19, 20)),
        (20, (1, None, 16, 17, 18, 19, 20)),
    ],
)
def test_links_to_pages(page: int, links: tuple[int | None, ...]) -> None:
    assert ui.rows(range(20), [], size=1, page=page).links == links


@given(st.integers(0, 400), st.integers(-2, 60), st.integers(1, 30))
def test_pages_have_all_rows_once(total: int, page: int, size: int) -> None:
    found = ui.rows(range(total), [], size=size, page=page)
    all_pages = [ui.rows(range(total), [], size=size, page=n + 1).items for n in range(found.pages)]
    assert [item for items in all_pages for item in items] == list(range(total))
    assert found.page in found.links and found.links[-1] == found.pages and len(found.links) <= 7


def test_a_page_has_at_least_one_row() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        ui.rows(PEOPLE, COLUMNS, size=0)


class Two(Page):
    a_sort: InUrl[str] = ""
    a_page: InUrl[int] = 1
    b_sort: InUrl[str] = ""
    b_page: InUrl[int] = 1
    gone: tuple[str, ...] = ()
    template = jinja(
        """
        <title>Two</title>
        <ui.Table rows="{{ table('a_') }}" caption="A" select="{{ remove('a') }}"><:selected><button>A</button></:selected></ui.Table>
        <ui.Table rows="{{ table('b_') }}" caption="B" select="{{ remove('b') }}"><:selected><button>B</button></:selected></ui.Table>
        <output>{{ gone|join(" ") }}</output>
        """  # noqa: E501
    )

    def table(self, prefix: str) -> ui.Rows[dict[str, str]]:
        return ui.rows([{"id": f"{prefix}1"}, {"id": f"{prefix}2"}], [ui.Column("id", "Id")], prefix=prefix)

    @action
    async def remove(self, table: str, ids: list[str]) -> None:
        self.gone = (table, *ids)


@pytest.fixture
def live() -> Live:
    live = Live(keys=KEY)
    live.page("/two")(Two)
    return live


@both_ways
async def test_two_tables_have_a_selection_each(browser: Browser) -> None:
    page = await browser.open("/two")
    await page.check("Select a_1")
    await page.check("Select b_2")
    await page.click("B")
    assert page.text("output") == "b b_2"


async def test_all_texts_of_a_table_are_props() -> None:
    live = Live(keys=KEY)

    @live.page("/")
    class German(Page):
        sort: InUrl[str] = ""
        page: InUrl[int] = 2
        template = jinja(
            """
            <title>Personen</title>
            <ui.Table rows="{{ table() }}" caption="Personen" select="{{ remove }}" search="{{ search }}"
              shown="{} bis {} von {}" search_label="Suche" select_label="Auswahl" selected_label="gewählt"
              pages_label="Seiten" previous="Zurück" next="Weiter"/>
            """
        )

        def table(self) -> ui.Rows[dict[str, int]]:
            rows = [{"id": number} for number in range(1, 4)]
            return ui.rows(rows, [ui.Column("id", "Nr.")], page=self.page, size=1)

        @action
        async def remove(self, ids: list[int]) -> None: ...

        @action
        async def search(self, q: str = "") -> None: ...

    async with Browser(live) as browser:
        page = await browser.open("/")
        assert page.text(".ui-shown") == "2 bis 2 von 3"
        assert page.attribute(".ui-Pagination", "aria-label") == "Seiten"
        await page.click("Weiter")
        await page.click("Zurück")
        english = ("Search", "Select", ">selected", "Pages", "Previous", "Next", " to ", " of ")
        assert [text for text in english if text in page.html] == []
