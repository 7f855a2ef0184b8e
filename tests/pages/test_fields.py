"""Fields: which annotations are state, their defaults, and what a class may not say."""

from __future__ import annotations

import dataclasses
import functools
import operator
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import pytest
from pydantic import Field

from liveactions.actions.decorator import action
from liveactions.app import Pages
from liveactions.pages.component import Component, describe, variables
from liveactions.pages.description import every, on
from liveactions.pages.fields import InUrl, in_url, loaded
from liveactions.pages.page import Page
from liveactions.pages.presence import presence
from tests.support.pages import new

Row = TypeVar("Row")


@dataclass(frozen=True)
class Person:
    id: int
    name: str


class Search(Page):
    q: InUrl[str] = ""
    number: Annotated[int, in_url(push=True)] = 1
    open: bool = False
    tags: list[str] = []
    hits: list[str] = loaded()
    size: ClassVar[int] = 5
    unit: ClassVar = "px"
    _client: Any = None

    @property
    def shout(self) -> str:
        return self.q.upper()

    def twice(self) -> str:
        return self.q * 2


class Table(Component, Generic[Row]):
    sort: str = "id"
    kept: tuple[Row, ...] = ()
    rows: Sequence[Row] = loaded()


class People(Table[Person]):
    sort = "name"


class Office(Page):
    people: People = People(sort="id")
    others: Table[Person] = Table(sort="x")


def names(fields: Any) -> list[str]:
    return [field.name for field in fields]


def test_annotated_public_names_are_the_fields() -> None:
    description = describe(Search)
    assert list(description.fields) == ["q", "number", "open", "tags", "hits"]
    assert names(description.state) == ["q", "number", "open", "tags"]
    assert names(description.in_url) == ["q", "number"]
    assert description.fields["number"].url == in_url(push=True)


def test_defaults_are_set_and_mutable_ones_copied() -> None:
    one, other = Search(), Search(q="x")
    one.tags.append("a")
    one._client = object()
    assert (other.q, other.tags, other._client, Search.tags) == ("x", [], None, [])


@pytest.mark.parametrize("wrong", [{"nothing": 1}, {"hits": []}, {"size": 3}])
def test_only_fields_can_be_given(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="no settable field"):
        Search(**wrong)


def test_a_field_without_default_must_be_given() -> None:
    class Room(Page):
        room: str

    with pytest.raises(TypeError, match="needs room"):
        Room()  # type: ignore[call-arg]
    assert Room(room="a").room == "a"


def test_a_loaded_field_is_absent_before_load() -> None:
    with pytest.raises(AttributeError):
        Search().hits  # noqa: B018


def test_subclasses_inherit_and_override_defaults() -> None:
    assert list(describe(People).fields) == ["sort", "kept", "rows"]
    assert People().sort == "name"


def test_type_variables_stand_for_their_arguments() -> None:
    assert describe(People).fields["kept"].annotation == tuple[Person, ...]
    assert describe(Table[Person]).fields["kept"].annotation == tuple[Person, ...]


def test_child_components_are_copied_for_each_page() -> None:
    one, other = new(Office), new(Office)
    one.people.sort = "city"
    assert (other.people.sort, one.people is other.people) == ("id", False)
    assert one.people.live is one.live


def test_names_for_the_template() -> None:
    page = new(Search)
    page.q, page._client = "ab", 1
    names = variables(page)
    assert (names["q"], names["size"], names["unit"], names["shout"]) == ("ab", 5, "px", "AB")
    assert names["twice"]() == "abab"
    assert names["live"] is page.live
    assert not {"_client", "hits", "load", "mount"} & names.keys()


@pytest.mark.parametrize(
    "name", "template request live mount load connected disconnected closed actions".split()
)
def test_reserved_names(name: str) -> None:
    with pytest.raises(TypeError, match=rf"Wrong\.{name}: this name is reserved"):
        type("Wrong", (Page,), {"__annotations__": {name: int}, "__module__": __name__})


@pytest.mark.parametrize("name", ["range", "dict", "namespace"])
def test_globals_of_jinja_are_no_fields(name: str) -> None:
    with pytest.raises(TypeError, match="Jinja"):
        type("Wrong", (Page,), {"__annotations__": {name: int}, "__module__": __name__})


@pytest.mark.parametrize("base", [Page, Component])
def test_values_without_annotations(base: type[Any]) -> None:
    with pytest.raises(TypeError, match=r"Wrong\.size has no annotation.*`size: int = …`"):
        type("Wrong", (base,), {"size": 0})


def test_what_needs_no_annotation() -> None:
    class Sized(Search):
        PER_PAGE = 20
        open = True
        size = 6
        Row = Person
        key = operator.attrgetter("id")
        _cache = dict[str, str]()

    assert new(Sized).open and Sized.PER_PAGE == 20


def test_the_url_method_of_pages_is_no_field_but_components_may_have_one() -> None:
    with pytest.raises(TypeError, match="a method of Page"):
        type("Wrong", (Page,), {"__annotations__": {"url": str}, "__module__": __name__})
    type("Bookmark", (Component,), {"__annotations__": {"url": str}, "__module__": __name__})


def test_a_field_that_is_an_action_too() -> None:
    with pytest.raises(TypeError, match="is both a field and an action"):

        class Wrong(Page):
            save: bool = False

            @action  # type: ignore[no-redef]
            async def save(self) -> None: ...  # noqa: F811


def test_an_action_that_hides_an_inherited_field() -> None:
    with pytest.raises(TypeError, match="is both a field and an action"):

        class Wrong(Search):
            @action  # type: ignore[misc]
            async def open(self) -> None: ...  # type: ignore[override]


def test_an_action_with_a_reserved_name() -> None:
    with pytest.raises(TypeError, match="reserved"):

        class Wrong(Page):
            @action
            async def load(self) -> None: ...


def test_a_field_that_nothing_can_carry() -> None:
    with pytest.raises(TypeError, match="'channel'"):

        class Wrong(Page):
            channel: socket.socket


def test_what_load_sets_may_be_anything() -> None:
    class Right(Page):
        channel: socket.socket = loaded()

    assert "channel" in describe(Right).fields


def test_annotations_may_name_what_is_defined_later() -> None:
    class Node(Component):
        leaf: Leaf | None = None
        below: list[Node] = []

    class Leaf(Component): ...

    globals()["Leaf"] = Leaf
    try:
        assert names(describe(Node).children) == ["leaf", "below"]
    finally:
        del globals()["Leaf"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("opne", r"Did you mean 'open'\?"),
        ("zzz", r"Its fields: q, number, open, tags, hits\. .*`zzz: int = …`.*loaded\(\)"),
    ],
)
def test_a_value_for_no_field_is_an_error_that_proposes_one(name: str, hint: str) -> None:
    for page in (Search(), new(Search)):
        with pytest.raises(AttributeError, match=rf"Search has no field '{name}'\. {hint}"):
            setattr(page, name, 3)
        assert name not in vars(page)


def test_a_value_for_no_field_of_a_component_either() -> None:
    office = new(Office)
    with pytest.raises(AttributeError, match="People has no field 'srot'.* 'sort'"):
        office.people.srot = "id"  # type: ignore[attr-defined]


def test_what_can_be_assigned() -> None:
    class Boxed(Search):
        _height = 1

        @property
        def height(self) -> int:
            return self._height

        @height.setter
        def height(self, value: int) -> None:
            self._height = value

        @functools.cached_property
        def width(self) -> int:
            return 7

    page = new(Boxed)
    page.hits, page._own, page.height = ["a"], 1, 3  # type: ignore[attr-defined]
    page.twice = lambda: "mocked"  # type: ignore[method-assign]
    assert (page.hits, page._height, page.width, page.twice()) == (["a"], 3, 7, "mocked")


@pytest.mark.parametrize(
    ("annotation", "default", "hint"),
    [
        (Annotated[str, Field(alias="x")], "", "alias"),
        (Annotated[str, Field(default="a")], "", "default in Field"),
        (str, Field(default="a", max_length=3), "a Field can't be the default"),
        (list[str], dataclasses.field(default_factory=list), "a Field can't be the default"),
    ],
)
def test_what_a_field_of_pydantic_would_say_in_vain(annotation: Any, default: Any, hint: str) -> None:
    body = {"__annotations__": {"name": annotation}, "__module__": __name__, "name": default}
    with pytest.raises(TypeError, match=f"'name': .*{hint}"):
        type("Wrong", (Page,), body)


@pytest.mark.parametrize(
    ("decorate", "given", "error", "hint"),
    [
        (every, "1", TypeError, "seconds='1': expected a number"),
        (every, print, TypeError, "expected a number"),
        (every, 0.001, ValueError, "at least 0.01 seconds"),
        (every, inf, ValueError, "seconds=inf: it must be finite"),
        (every, 10**400, ValueError, "it must be finite"),
        (every, True, TypeError, "seconds=True: expected a number"),
        (on, print, TypeError, r'such as @on\("chat"\)'),
    ],
)
def test_timers_and_listeners_are_checked(
    decorate: Callable[[Any], Any], given: Any, error: type[Exception], hint: str
) -> None:
    with pytest.raises(error, match=hint):
        decorate(given)


@pytest.mark.parametrize(
    ("declare", "hint"),
    [
        (lambda: in_url(push="no"), "push='no': expected True or False"),  # type: ignore[arg-type]
        (lambda: presence(5, "me"), "topic=5: expected a text"),  # type: ignore[call-overload]
        (lambda: presence("room", "me", key=5), "key: expected a function, not 5"),  # type: ignore[call-overload]
        (lambda: Pages(prefix=5), "prefix=5: expected a text"),  # type: ignore[arg-type]
    ],
)
def test_declarations_are_checked(declare: Callable[[], object], hint: str) -> None:
    with pytest.raises(TypeError, match=hint):
        declare()


class Record:
    """Like an object of an ORM."""


def test_an_object_that_can_not_be_stored_says_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"field 'user': .*Record.* can't be stored .* load\(\)"):

        class Shows(Page):
            user: Record

    class Loads(Page):
        user: Record = loaded()
