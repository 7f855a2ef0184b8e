"""Lists: what is rendered again, what travels, and which item is which."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment

from liveactions.diff import ClientState, patch
from liveactions.exceptions import RenderError
from liveactions.templates import Fragment, Reference, Templates, View, list_memo, runtime
from liveactions.templates.digests import digests_of
from liveactions.templates.purity import pure

TABLE = """<table><tbody>
{%- for row in rows %}
<tr class="{{ 'danger' if row.id == selected }}"><td>{{ row.id }}</td><td>{{ spy(row.label) }}</td></tr>
{%- endfor %}
</tbody></table>"""


@dataclass(frozen=True)
class Row:
    id: int
    label: str


ROWS = tuple(Row(n, f"r{n}") for n in range(100))


def view_of(source: str, debug: bool = False) -> View:
    environment = Environment(loader=DictLoader({"page": source}), autoescape=True)
    return Templates(environment, debug).view("page")


class Table:
    """A table, and which labels its last render looked at."""

    def __init__(self, source: str | View = TABLE, debug: bool = False) -> None:
        self.seen: list[str] = []
        self.view = view_of(source, debug) if isinstance(source, str) else source
        self.shown: Fragment | None = None
        self.known = ClientState()

    def show(self, **variables: Any) -> Any:
        """Render, and say what travels."""

        @pure
        def spy(label: str) -> str:
            self.seen.append(label)
            return label

        variables.setdefault("spy", self._spy(spy))
        self.seen.clear()
        old, self.shown = self.shown, self.view.render(variables, self.shown)
        return json.loads(json.dumps(patch(old, self.shown, self.known))) if old else None

    def _spy(self, spy: Any) -> Any:
        self.spy = getattr(self, "spy", spy)
        return self.spy


@pytest.fixture
def table() -> Iterator[Table]:
    table = Table()
    table.show(rows=ROWS, selected=None)
    assert len(table.seen) == 100
    yield table


def test_nothing_is_rendered_for_an_unchanged_list(table: Table) -> None:
    assert table.show(rows=ROWS, selected=None) == []
    assert table.show(rows=list(ROWS), selected=None) == []
    assert table.seen == []


def test_one_row_is_rendered_for_one_changed_row(table: Table) -> None:
    rows = (*ROWS[:7], replace(ROWS[7], label="new"), *ROWS[8:])
    assert table.show(rows=rows, selected=None) == [0, [7, [2, "new"]]]
    assert table.seen == ["new"]


def test_selecting_renders_no_label(table: Table) -> None:
    assert table.show(rows=ROWS, selected=5) == [0, [5, [0, "danger"]]]
    assert table.show(rows=ROWS, selected=6) == [0, [5, [0, ""], 6, [0, "danger"]]]
    assert table.seen == []


def test_moves_are_as_few_as_possible(table: Table) -> None:
    rows = list(ROWS)
    rows[1], rows[98] = rows[98], rows[1]
    assert table.show(rows=tuple(rows), selected=None) == [0, [[[1, 99], [98, 2]]]]
    assert table.seen == []


def test_ordinals_are_not_used_again(table: Table) -> None:
    assert table.show(rows=ROWS[:-1], selected=None) == [0, [[99]]]
    change = table.show(rows=(*ROWS[:-1], Row(500, "n")), selected=None)
    assert change[1][0][0][:2] == [100, -1]


def test_removing_and_prepending(table: Table) -> None:
    assert table.show(rows=ROWS[:3] + ROWS[4:], selected=None) == [0, [[3]]]
    change = table.show(rows=(Row(-1, "first"), *ROWS[:3], *ROWS[4:]), selected=None)
    assert change == [0, [[[100, 0, 0, "", "-1", "first"]]]]
    assert table.seen == ["first"]


def test_a_list_without_anything_of_the_old_one_is_sent_whole(table: Table) -> None:
    change = table.show(rows=(Row(1000, "x"),), selected=None)
    assert change == [0, {"l": [[0, "", "1000", "x"]]}]
    assert table.show(rows=(Row(1000, "y"),), selected=None) == [0, [0, [2, "y"]]]


def test_mutable_items_are_rendered_each_time() -> None:
    table = Table()
    row = {"id": 1, "label": "a"}
    table.show(rows=[row], selected=None)
    row["label"] = "b"
    assert table.show(rows=[row], selected=None) == [0, [0, [2, "b"]]]


def test_equal_is_not_the_same() -> None:
    table = Table("<ul>{% for x in xs %}<li>{{ x }}</li>{% endfor %}</ul>")
    table.show(xs=(1, 0.0))
    assert table.show(xs=(True, -0.0)) == [0, {"l": [[0, "True"], [0, "-0.0"]]}]


def test_an_outer_value_that_may_change_inside_is_not_trusted() -> None:
    table = Table("<ul>{% for x in xs %}<li>{{ x }}{{ box.n }}</li>{% endfor %}</ul>")
    box = {"n": 1}
    table.show(xs=("a",), box=box)
    box["n"] = 2
    assert table.show(xs=("a",), box=box) == [0, [0, [0, "a2"]]]


def test_keys_come_from_the_element_first() -> None:
    table = Table('<ul>{% for x in xs %}<li id="k{{ x.k }}">{{ x.t }}</li>{% endfor %}</ul>')
    table.show(xs=[{"k": 1, "t": "a"}, {"k": 2, "t": "b"}])
    assert table.show(xs=[{"k": 2, "t": "c"}, {"k": 1, "t": "a"}]) == [0, [[[1, 0]], 1, [1, "c"]]]


def test_equal_keys_are_told_apart() -> None:
    table = Table('<ul>{% for x in xs %}<li id="{{ k }}">{{ x }}</li>{% endfor %}</ul>')
    table.show(xs=["a", "b"], k="same")
    assert table.show(xs=["a", "c"], k="same") == [0, [1, [1, "c"]]]


def test_debug_notices_a_filter_that_lies() -> None:
    table = Table("<ul>{% for x in xs %}<li>{{ n(x) }}</li>{% endfor %}</ul>", debug=True)
    counter = iter(range(10))

    @pure
    def count(x: int) -> int:
        return next(counter)

    table.show(xs=(1, 2), n=count)
    with pytest.raises(RenderError, match="rendering the page twice"):
        table.show(xs=(1, 2), n=count)


class Speaker(Reference):
    """A reference that says how often it was asked for, as an action says what became of its calls."""

    version = 0

    @property
    def error(self) -> str:
        return f"error {self.version}" if self.version else ""

    def bind(self, *args: object) -> Speaker:
        return self

    def url(self) -> str:
        return "/save"


LOOKS = (
    "{{ save.error }}",
    "{{ save(r).error }}",
    "{{ save['error'] }}",
    "{% if save(r).error %}<b>{{ r }}</b>{% endif %}",
    '<i title="{{ save.error }}"></i>',
)


@pytest.mark.parametrize("look", LOOKS)
def test_what_a_reference_says_is_looked_up_again(look: str) -> None:
    save = Speaker()
    view = view_of(f"<ul>{{% for r in rows %}}<li>{look}</li>{{% endfor %}}</ul>")
    variables = {"rows": (1, 2), "save": save}
    first = view.render(variables)
    assert view.render(variables, first).values[0] is first.values[0]
    save.version = 1
    second = view.render(variables, first)
    assert second.html() == view.render(variables).html() != first.html()


def test_references_among_items_are_asked_again() -> None:
    save = Speaker()
    view = view_of("<ul>{% for r in rows %}<li>{{ r.error }}</li>{% endfor %}</ul>")
    first = view.render({"rows": (save,)})
    save.version = 1
    assert "error 1" in view.render({"rows": (save,)}, first).html()


class Expiring:
    """A row of a database session: closed, it says nothing."""

    def __init__(self, id: int) -> None:
        self._id = id
        self.is_open = True

    @property
    def id(self) -> int:
        if not self.is_open:
            raise RuntimeError("the session is closed")
        return self._id


def test_items_that_say_nothing_after_the_render() -> None:
    view = view_of("<ul>{% for row in rows %}<li>{{ row.id }}</li>{% endfor %}</ul>")
    rows = [Expiring(n) for n in range(3)]
    first = view.render({"rows": list(rows)})
    for row in rows:
        row.is_open = False
    others = [Expiring(n) for n in (2, 0, 7)]
    second = view.render({"rows": others}, first)
    for row in others:
        row.is_open = False
    known = ClientState()
    removed, inserted, moved = 1, [3, -1, 0, "7"], (2, 0)
    assert patch(first, second, known) == [0, [[removed, inserted, moved]]]


# Lists that several pages show


class Pages(Table):
    """Several pages of one template."""

    def __init__(self, source: str | View = TABLE, count: int = 2) -> None:
        super().__init__(source)
        self.pages: list[tuple[Fragment | None, ClientState]] = [(None, ClientState()) for _ in range(count)]

    def show_in(self, number: int, **variables: Any) -> Any:
        """Render one of the pages, and say what travels."""
        self.shown, self.known = self.pages[number]
        change = self.show(**variables)
        self.pages[number] = self.shown, self.known
        return change


def test_a_list_is_rendered_once_for_all_pages() -> None:
    pages = Pages(count=3)
    seen = []
    rows = ROWS
    for step in range(3):
        for number in range(3):
            change = pages.show_in(number, rows=rows, selected=None)
            seen.append(len(pages.seen))
            assert change == ([0, [step, [2, str(step)]]] if step else None)
        rows = (*rows[: step + 1], Row(step + 1, str(step + 1)), *rows[step + 2 :])
    assert seen == [100, 0, 0, 1, 0, 0, 1, 0, 0]


def test_each_page_numbers_the_items_itself() -> None:
    pages = Pages()
    pages.show_in(0, rows=ROWS, selected=None)
    less = ROWS[1:]
    assert pages.show_in(0, rows=less, selected=None) == [0, [[0]]]
    assert pages.show_in(1, rows=less, selected=None) is None and pages.seen == []
    changed = (replace(less[0], label="new"), *less[1:])
    assert pages.show_in(0, rows=changed, selected=None) == [0, [1, [2, "new"]]]
    assert pages.show_in(1, rows=changed, selected=None) == [0, [0, [2, "new"]]] and pages.seen == []


def test_a_page_that_was_left_behind_comes_to_the_same_list() -> None:
    pages = Pages()
    for number in range(2):
        pages.show_in(number, rows=ROWS, selected=None)
    second = (*ROWS[:50], Row(1000, "new"), *ROWS[50:])
    third = (*second[:10], *second[11:])
    pages.show_in(0, rows=second, selected=None)
    pages.show_in(0, rows=third, selected=None)
    pages.show_in(1, rows=third, selected=None)
    shown = [fragment.html() for fragment, _ in pages.pages if fragment is not None]
    assert shown[0] == shown[1] == pages.view.render({"rows": third, "selected": None, "spy": str}).html()


def test_what_differs_between_pages_is_not_shared() -> None:
    pages = Pages()
    for number, selected in enumerate((1, 2)):
        pages.show_in(number, rows=ROWS, selected=selected)
        assert len(pages.seen) == 100
    mutable = tuple([1] for _ in range(100))
    page = Pages("<ul>{% for x in rows %}<li>{{ spy(x|length) }}</li>{% endfor %}</ul>")
    for number in range(2):
        page.show_in(number, rows=mutable)
        assert len(page.seen) == 100


class Bound(Reference):
    def bind(self, *args: Any, **kwargs: Any) -> Reference:
        return self

    def url(self) -> str:
        return "?_a=x"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bound)

    __hash__ = None  # type: ignore[assignment]


def test_references_stay_in_their_page() -> None:
    view = view_of("<ul>{% for x in xs %}<li><b live-click='{{ call(x) }}'>{{ x }}</b></li>{% endfor %}</ul>")
    xs, calls = tuple(range(100)), [Bound(), Bound()]
    shown = [view.render({"xs": xs, "call": call}) for call in calls]
    for fragment, call in zip(shown, calls, strict=True):
        assert fragment.at([0, 3, 0]) is call


def test_pages_share_the_texts_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of("{% for n in numbers %}<p title={{ n }}>{{ n }}</p>{% endfor %}")

    def texts(*numbers: int) -> list[str]:
        shown = view.render({"numbers": list(numbers)}, None)
        return [text for item in shown.values[0].fragments for text in item.values]

    one, other = texts(1234567, -5), texts(1234567, -5)
    assert one == ["1234567", "1234567", "-5", "-5"]
    assert list(map(id, one)) == list(map(id, other))
    assert texts(10**100) == [f"1{'0' * 100}"] * 2
    monkeypatch.setattr(runtime, "MAX_NUMBERS", 3)
    assert texts(*range(10_000, 10_009))[::2] == [f"1000{n}" for n in range(9)]
    assert len(runtime._texts) <= 3


def test_lists_that_no_page_shows_are_forgotten() -> None:
    gc.collect()
    before = len(list_memo._shared)
    pages = Pages()
    rows = ROWS
    for number in range(5):
        rows = (Row(-number, "x"), *rows)
        pages.show_in(0, rows=rows, selected=None)
        pages.show_in(1, rows=rows, selected=None)
    pages.pages.clear()
    pages.shown = None
    gc.collect()
    assert len(list_memo._shared) == before


def test_debug_mode_does_not_compare_a_shared_list_with_itself() -> None:
    source = "<ul>{% for x in xs %}<li>{{ now(x) }}</li>{% endfor %}</ul>"
    view, xs, time = view_of(source, debug=True), tuple(range(100)), [0]

    @pure
    def now(x: int) -> int:
        return time[0]

    shown = view.render({"xs": xs, "now": now})
    time[0] = 1
    with pytest.raises(RenderError, match="different results"):
        view.render({"xs": xs, "now": now}, shown)


VIEW = view_of(TABLE)


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_shared_lists_travel_as_those_that_are_not_shared(seed: int) -> None:
    random = Random(seed)
    versions, rows = [ROWS[:30]], ROWS[:30]
    for number in range(12):
        at, other = random.randrange(len(rows) + 1), random.randrange(len(rows) + 1)
        new = (Row(100 + number, random.choice("xy")),)
        rows = random.choice(
            [rows[:at] + new + rows[at:], rows[:at] + rows[at + 1 :], rows[:at] + new + rows[at + 1 :]]
            + [rows[at:] + rows[:at], rows[: min(at, other)] + rows[max(at, other) :] + new, ROWS[:40]]
        )
        versions.append(rows)
    visits = [(random.randrange(3), n) for n in range(len(versions)) for _ in range(random.randrange(4))]
    shared, alone = Pages(VIEW, 3), Pages(VIEW, 3)
    for page, version in visits:
        variables = {"rows": versions[version], "selected": None}
        change = shared.show_in(page, **variables)
        with list_memo.unshared():
            wanted = alone.show_in(page, **variables)
        assert change == wanted
        assert shared.shown is not None and alone.shown is not None
        assert shared.shown.html() == alone.shown.html()
        assert digests_of(shared.shown) == digests_of(alone.shown)
