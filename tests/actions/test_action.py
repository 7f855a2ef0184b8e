"""Actions and references to them: what can be called, by which name, with which arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import BaseModel, Field
from starlette.requests import Request

from liveactions.actions import bound_arguments as binding
from liveactions.actions.action import Action, ActionRef
from liveactions.actions.decorator import action
from liveactions.actions.markers import Bound, Depends
from liveactions.exceptions import ForgedReference, UnknownAction
from liveactions.pages.component import Component, attach, variables
from liveactions.pages.lookup import current_reference, lookup
from liveactions.pages.page import Page
from liveactions.security.signing import Keys, Signer
from tests.support.pages import SECRET, call, failure, new, opened, signed, success


class Colour(Enum):
    RED = "red"


class Point(BaseModel):
    x: int
    y: int = 0


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        args[0].trace.append(function.__name__)
        return await function(*args, **kwargs)

    return wrapper


@action
async def add_to_cart(page: Shop, id: Bound[int], count: int = 1) -> str:
    """A module's action, which many pages may use."""
    return f"{count} of {id} in {type(page).__name__}"


class Item(Component):
    name: str = ""

    @action
    async def rename(self, name: str = "renamed") -> None:
        self.name = name


class Shop(Page):
    actions = [add_to_cart]
    count: int = 0
    trace: list[str] = []
    item: Item = Item()
    items: list[Item] = []
    shelf: dict[str, Item] = {}

    @action
    async def add(self, by: int = 1) -> int:
        self.count += by
        return self.count

    @action
    def add_twice(self, by: int = 1) -> None:
        self.count += 2 * by

    @action
    async def pick(self, request: Request, id: Bound[int], label: str = "", when: date | None = None) -> Any:
        return id, label, when

    @action
    async def many(self, what: Bound[Any] = None, colour: Bound[Colour] = Colour.RED) -> Any:
        return what

    @action
    async def draw(self, points: Bound[list[Point]]) -> int:
        points.append(Point(x=0))
        return len(points)

    @action(id="old", aliases=["older"])
    async def renamed(self) -> None: ...

    @action
    @traced
    async def above(self) -> None: ...

    @traced
    @action
    async def below(self) -> None: ...

    async def helper(self) -> None: ...

    @action
    async def _private(self) -> None: ...


@pytest.fixture
def page() -> Shop:
    page = new(Shop)
    page.items = [Item(name="a"), Item(name="b")]
    page.shelf = {"x.y~z é": Item(name="c")}
    attach(page, page.live)
    return page


async def test_a_plain_call_is_the_plain_function(page: Shop) -> None:
    assert await page.add(2) == 2
    assert await page.add(by=3) == 5
    page.add_twice(1)
    assert page.count == 7
    assert await page.add.bind(1)() == 8
    assert await add_to_cart(page, 3) == "1 of 3 in Shop"


@pytest.mark.parametrize("thing", [3, "add", Page, property(lambda self: 1), staticmethod(len)])
def test_only_functions_are_actions(thing: Any) -> None:
    with pytest.raises(TypeError, match="@action decorates functions"):
        action(thing)


async def listed(self: Any, *args: Any) -> None: ...
async def named(self: Any, **kwargs: Any) -> None: ...
async def positional(self: Any, a: int, /) -> None: ...


@pytest.mark.parametrize("function", [listed, named, positional])
def test_parameters_need_names(function: Any) -> None:
    with pytest.raises(TypeError, match="can't be filled by name"):
        type("Wrong", (Page,), {"wrong": action(function), "__module__": __name__})


def test_a_parameter_of_an_impossible_type() -> None:
    with pytest.raises(TypeError, match="'function'"):

        class Wrong(Page):
            @action
            async def wrong(self, function: type[Signer] | Signer) -> None: ...


def test_two_actions_of_one_id() -> None:
    with pytest.raises(TypeError, match="two actions have the name 'b'"):

        class Wrong(Page):
            @action(id="b")
            async def a(self) -> None: ...

            @action
            async def b(self) -> None: ...


@pytest.mark.parametrize("wrong", [len, add_to_cart.function, "add_to_cart"])
def test_actions_lists_actions(wrong: Any) -> None:
    with pytest.raises(TypeError, match="isn't an action"):
        type("Wrong", (Page,), {"actions": [wrong], "__module__": __name__})


async def test_decorators_above_and_below(page: Shop) -> None:
    for name in ("above", "below"):
        assert (await call(page, lookup(page, signed(page, name)))).ok
    assert page.trace == ["above", "below"]


async def test_a_module_level_action_is_a_name_in_templates(page: Shop) -> None:
    ref = variables(page)["add_to_cart"].bind(7)
    assert (await success(page, ref, {"count": "2", "id": "8"})).result == "2 of 7 in Shop"


# References


def test_references_are_equal_when_they_call_the_same(page: Shop) -> None:
    assert page.add == page.add
    assert page.add is variables(page)["add"]
    assert page.add.bind(2) == page.add.bind(by=2)
    assert hash(page.add.bind(2)) == hash(page.add.bind(2))
    assert page.add.bind(2) != page.add.bind(3)
    assert page.add.bind(2) != page.add
    assert page.add != page.add_twice
    assert page.item.rename != page.items[0].rename
    assert page.many.bind(1) != page.many.bind(True)
    assert page.many.bind(1) != page.many.bind(1.0)
    assert page.many.bind([1]) == page.many.bind([1])
    assert hash(page.many.bind([1])) == hash(page.many.bind([1]))
    assert page.add != "add"


def test_binding_is_chained_and_skips_what_is_injected(page: Shop) -> None:
    ref = page.pick.bind(3).bind("x")
    assert ref.args == (3, "x")
    assert page.pick.bind(when=date(2020, 1, 1)).bind(3) == page.pick.bind(3, when=date(2020, 1, 1))
    assert page.pick.bind(3).bind(id=4) == page.pick.bind(4)


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((1, 2), {}, "at most 1"),
        ((), {"nothing": 1}, "no bindable parameter 'nothing'"),
        ((), {"self": 1}, "no bindable parameter 'self'"),
        (("1",), {}, "by='1'"),
        ((object(),), {}, "object"),
        ((None,), {}, "None"),
    ],
)
def test_what_cannot_be_bound(page: Shop, args: Any, kwargs: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        page.add.bind(*args, **kwargs)


def test_injected_parameters_cannot_be_bound(page: Shop) -> None:
    with pytest.raises(TypeError, match="no bindable parameter 'request'"):
        page.pick.bind(request=1)


def test_rendering_needs_all_needed_arguments(page: Shop) -> None:
    with pytest.raises(TypeError, match="needs a bound argument 'id'"):
        page.pick.url()
    with pytest.raises(TypeError, match="'id'"):
        str(page.pick.bind(label="x"))
    assert page.pick.bind(3).url()


@pytest.mark.parametrize(
    ("ref", "token"),
    [
        (lambda page: page.add, "add~~"),
        (lambda page: page.item.rename, "item.rename~~"),
        (lambda page: page.items[1].rename, "items.1.rename~~"),
        (lambda page: page.renamed, "old~~"),
        (lambda page: page.add.bind(2), "add~2~"),
        (lambda page: page.pick.bind(1, "é~&"), 'pick~1,"é~&"~'),
        (lambda page: page.pick.bind(1, when=date(2020, 1, 2)), 'pick~1*{"when":"2020-01-02"}~'),
        (lambda page: page.many.bind(colour=Colour.RED), 'many~*{"colour":"red"}~'),
        (lambda page: page.many.bind(float("inf")), "many~Infinity~"),
        (lambda page: page.many.bind("*,{"), 'many~"*,{"~'),
        (lambda page: page.many.bind(None, Colour.RED), 'many~null,"red"~'),
        (lambda page: page.draw.bind([Point(x=1)]), 'draw~[{"x":1,"y":0}]~'),
    ],
)
def test_tokens_lead_back(page: Shop, ref: Any, token: str) -> None:
    made: ActionRef[..., Any] = ref(page)
    assert made.token.startswith(token)
    assert len(made.token) == len(token) + 11
    found = lookup(page, made.token)
    assert (found, found.component) == (made, made.component)
    address = urlsplit(made.url())
    assert (address.path, parse_qs(address.query)) == ("/page", {"_a": [made.token]})


def test_keys_of_dicts_are_safe_steps(page: Shop) -> None:
    ref = page.shelf["x.y~z é"].rename
    assert ref.path == "shelf.x%2Ey%7Ez%20%C3%A9.rename"
    assert lookup(page, ref.token).component is page.shelf["x.y~z é"]


def test_aliases_lead_to_the_action(page: Shop) -> None:
    assert lookup(page, signed(page, "older")) == page.renamed


def test_typed_values_come_back_typed(page: Shop) -> None:
    ref = lookup(page, page.pick.bind(1, when=date(2020, 1, 2)).token)
    assert ref == page.pick.bind(1, when=date(2020, 1, 2))


@pytest.mark.parametrize(
    "token",
    [
        *(
            "",
            "nothing",
            "helper",
            "_nothing",
            "__init__",
            "renamed",
            "load",
            "mount",
            "live",
            "count",
            "Add",
        ),
        *("item", "item.", ".add", "item.name", "item.rename.x", "items.rename", "items.2.rename"),
        *("items.-1.rename", "items.one.rename", "items.0.0.rename", "shelf.nothing.rename", "shelf.rename"),
        *(
            "live.page.add",
            "__class__.add",
            "page.add",
            "actions.0",
            "trace.0.append",
            "add.__call__",
            "\0",
            "é",
        ),
    ],
)
def test_nothing_else_can_be_called(page: Shop, token: str) -> None:
    with pytest.raises(UnknownAction, match="no such action"):
        lookup(page, token)


@pytest.mark.parametrize(
    "token",
    [
        "add~2",
        "add~2~",
        "add~3~{mac}",
        "add~ 2~{mac}",
        "add~2~{mac}x",
        "add~2~{mac}~",
        "add",
        "add~",
        "add~~",
        "add~~{mac}",
    ],
)
def test_altered_arguments_are_refused(page: Shop, token: str) -> None:
    mac = page.add.bind(2).token.rpartition("~")[2]
    with pytest.raises(ForgedReference):
        lookup(page, token.format(mac=mac))


def test_a_signature_is_for_one_page_action_and_key(page: Shop) -> None:
    class Other(Shop): ...

    token = page.add.bind(2).token
    args, mac = token.split("~")[1:]
    with pytest.raises(ForgedReference):
        lookup(new(Other), token)
    with pytest.raises(ForgedReference):
        lookup(page, f"add_twice~{args}~{mac}")
    with pytest.raises(ForgedReference):
        other = new(Shop)
        other.live.services.signer = Signer(Keys(["another secret of many bytes"]))
        lookup(other, token)


def test_keys_rotate(page: Shop) -> None:
    token = page.add.bind(2).token
    later = new(Shop)
    later.live.services.signer = Signer(Keys(["the new secret, long enough", SECRET]))
    assert lookup(later, token) == later.add.bind(2)
    assert later.add.bind(2).token != token


def test_arguments_that_the_action_no_longer_takes(page: Shop) -> None:
    class Changed(Page):
        @action
        async def add(self, by: Bound[date]) -> None: ...

    changed = new(Changed)
    for text in ('"x"', '"2020-01-01",2', '*{"no":1}', "[", ",", "*", ""):
        with pytest.raises(UnknownAction):
            binding.read(changed.add.action.plan, text)


def test_a_reference_says_nothing_of_the_code(page: Shop) -> None:
    assert "Shop" not in page.add.bind(2).url()
    assert "test_model" not in page.add.bind(2).url()


# Components


async def test_a_reference_follows_its_component(page: Shop) -> None:
    first, second = page.items
    ref = second.rename
    page.items.remove(first)
    assert current_reference(page, ref).component is second
    await call(page, ref)
    assert second.name == "renamed"


async def test_a_component_that_was_replaced_is_found_by_its_path(page: Shop) -> None:
    ref = page.item.rename
    page.item = Item(name="another")
    await call(page, ref)
    assert page.item.name == "renamed"


async def test_a_component_that_is_gone(page: Shop) -> None:
    ref = page.items[1].rename
    page.items.clear()
    outcome = await failure(page, ref)
    assert outcome.status == 409


async def test_paths_are_told_again_after_an_op(page: Shop) -> None:
    page.items.insert(0, Item(name="new"))
    await call(page, page.add)
    assert [item.rename.path for item in page.items] == [f"items.{n}.rename" for n in range(3)]
    assert variables(page.items[1])["rename"].path == "items.1.rename"


async def test_bound_values_are_not_shared_with_the_template(page: Shop) -> None:
    points = [Point(x=1)]
    ref = page.draw.bind(points)
    assert [(await success(page, ref)).result for _ in range(2)] == [2, 2]
    assert points == [Point(x=1)]


async def test_a_missing_bound_argument_is_refused_when_called() -> None:
    class Strict(Page):
        @action
        async def remove(self, id: Bound[Annotated[int, Field(gt=0)]]) -> None: ...

    page = await opened(Strict)
    assert (await failure(page, lookup(page, signed(page, "remove")), {"id": "3"})).status == 409


def test_an_action_keeps_what_it_was_told() -> None:
    @action(guard=len, timeout=2.5, validate=False, reset=False, js=True, concurrency="latest", max_body=10)
    async def told() -> None:
        """Says so."""

    assert isinstance(told, Action)
    assert (told.guards, told.timeout, told.validates, told.__doc__) == (
        (Depends(len),),
        2.5,
        False,
        "Says so.",
    )
    assert (told.resets, told.js, told.concurrency, told.max_body) == (False, True, "latest", 10)
