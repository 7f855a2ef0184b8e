"""Annotations: aliases, `NewType`, optional types and type variables mean what they stand for, everywhere."""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Generic, NamedTuple, NewType, TypeVar

import fastapi
import pytest
from pydantic import BaseModel, SecretStr
from starlette.datastructures import UploadFile
from typing_extensions import TypeAliasType
from typing_extensions import TypeVar as TypeVarWithDefault

from liveactions import Component, Depends, Draft, Event, InUrl, Page, Pages, Prev, action, loaded, on
from liveactions.actions.markers import Bound
from liveactions.actions.parameters import ParameterPlan, plan_of
from liveactions.execution.run import PageRun
from liveactions.pages.component import check_page, describe
from liveactions.pages.page import fill_from_address
from liveactions.pages.state import encode_state, restore_state
from liveactions.testing import Browser
from tests.support.pages import call, new, opened
from tests.support.small import small_app

if TYPE_CHECKING:
    from elsewhere import Unknown  # type: ignore[import-not-found]

T = TypeVar("T")
R = TypeVar("R")


def me() -> str:
    return "me"


class Address(BaseModel):
    city: str
    zip: int | None = None


Id = TypeAliasType("Id", Bound[int])
User = TypeAliasType("User", Annotated[str, Depends(me)])
FastUser = TypeAliasType("FastUser", Annotated[str, fastapi.Depends(me)])
Only = TypeAliasType("Only", Bound[T], type_params=(T,))
Outer = TypeAliasType("Outer", Only[T], type_params=(T,))
Late = TypeAliasType("Late", "Bound[int]")
Named = NewType("Named", Id)
Numbers = TypeAliasType("Numbers", list[int])
Where = TypeAliasType("Where", Address)
Password = TypeAliasType("Password", SecretStr)
Query = TypeAliasType("Query", InUrl[int])
Happened = TypeAliasType("Happened", Event)
Before = TypeAliasType("Before", Prev[int])
Photo = TypeAliasType("Photo", UploadFile)
Photos = TypeAliasType("Photos", list[Photo])
Unfinished = TypeAliasType("Unfinished", Draft[Where])
Tree = TypeAliasType("Tree", "list[Tree] | int")


class Form(Page):
    """An action for each annotation; ``n`` is what it decides about."""

    numbers: Numbers = []
    q: Query = 0
    hits: Numbers = loaded()

    def load(self, user: User) -> None:
        self.hits = [len(user)]

    @action
    async def alias(self, n: Id) -> Any: ...

    @action
    async def generic_alias(self, n: Only[int]) -> Any: ...

    @action
    async def nested_alias(self, n: Outer[int]) -> Any: ...

    @action
    async def text_alias(self, n: Late) -> Any: ...

    @action
    async def new_type(self, n: Named) -> Any: ...

    @action
    async def optional_alias(self, n: Id | None) -> Any: ...

    @action
    async def dependency(self, n: User) -> Any: ...

    @action
    async def foreign(self, n: FastUser) -> Any: ...

    @action
    async def optional_dependency(self, n: Annotated[str, Depends(me)] | None) -> Any: ...

    @action
    async def optional_foreign(self, n: FastUser | None) -> Any: ...

    @action
    async def event(self, n: Happened) -> Any: ...

    @action
    async def optional_event(self, n: Happened | None) -> Any: ...

    @action
    async def previous(self, n: Before) -> Any: ...

    @action
    async def photo(self, n: Photo) -> Any: ...

    @action
    async def photos(self, n: Photos) -> Any: ...

    @action
    async def draft(self, n: Unfinished) -> Any: ...

    @action
    async def total(self, n: Numbers) -> Any:
        return sum(n)

    @action
    async def move(self, n: Where) -> Any:
        return n.city

    @action
    async def log_in(self, n: Password) -> None: ...

    @action
    async def tree(self, n: Tree) -> Any:
        return n


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "bound") for name in ("alias", "generic_alias", "nested_alias", "text_alias", "new_type")),
        ("optional_alias", "bound"),
        *((name, "depends") for name in ("dependency", "foreign", "optional_dependency", "optional_foreign")),
        *(("event", "event"), ("optional_event", "event"), ("previous", "previous")),
        *(("photo", "file"), ("photos", "file"), ("draft", "draft")),
    ],
)
def test_what_fills_a_parameter(name: str, kind: str) -> None:
    (parameter,) = getattr(Form, name).plan.parameters
    assert parameter.kind == kind


@pytest.mark.parametrize(
    ("name", "fields", "wanted"),
    [
        ("total", {"n": ["1", "2"]}, 3),
        ("total", {"n": "2"}, 2),
        ("move", {"city": "Rome"}, "Rome"),
        ("tree", {"n": "1"}, 1),
    ],
)
async def test_values(name: str, fields: Any, wanted: Any) -> None:
    page = await opened(Form)
    assert (await call(page, getattr(page, name), fields)).ok
    assert getattr(page, name).result == wanted


def test_a_secret_is_not_shown_again() -> None:
    assert Form.log_in.plan.secrets == {"n"}


async def test_fields() -> None:
    page = await opened(Form, query={"q": "3"})
    assert (page.q, page.hits) == (3, [2])
    assert not describe(Form).fields["numbers"].is_frozen
    page.numbers = [1]
    other = new(Form)
    restore_state(other, json.loads(b"".join(encode_state(page))))
    assert other.numbers == [1]


def number_of(id: Numbers, user: User) -> str:
    return f"{user}{sum(id)}"


class Chat(Page):
    said: list[Any] = []

    @on("chat")
    async def heard(self, numbers: Numbers, user: User) -> None:
        self.said = [numbers, user]

    @action
    async def count(self, n: Annotated[str, Depends(number_of)]) -> Any:
        return n

    @action
    async def partly(self, n: Annotated[str, Depends(functools.partial(number_of, id=[7]))]) -> Any:
        return n


async def test_listeners_and_dependencies() -> None:
    page = new(Chat, "http://testserver/page?id=4")
    [heard] = describe(Chat).listeners
    assert not (
        await PageRun(page).run_listener(heard.function, page, {"numbers": [1], "user": "visitor"})
    ).ok
    assert (await PageRun(page).run_listener(heard.function, page, {"numbers": ["1"]})).ok
    assert page.said == [[1], "me"]
    assert (await call(page, page.count, {"n": "visitor"})).ok
    assert page.count.result == "me4"


class Box(BaseModel, Generic[T]):
    content: T


class Base(Page, Generic[R]):
    value: R | None = None

    @action
    async def act(self, x: R) -> R:
        return x

    @action
    async def several(self, x: list[R]) -> Any:
        return x

    @action
    async def boxed(self, x: Box[R]) -> Any:
        return x.content

    @act.validate
    def check(self, x: R) -> None:
        assert not isinstance(x, str)

    @on("base")
    async def heard(self, x: R) -> None:
        self.value = x


class Middle(Base[list[R]], Generic[R]):
    """The same type variable as that of its base, with another meaning."""

    @action
    async def own(self, x: R) -> Any:
        return x


class Number(Base[int]): ...


class Single(Page, Generic[R]):
    @action
    async def act(self, x: R) -> None: ...


class Open(Single[int]): ...


class Hidden(Single[Id]): ...


class Deep(Middle[int]): ...


@pytest.mark.parametrize(
    ("cls", "name", "fields", "wanted"),
    [
        (Number, "act", {"x": "5"}, 5),
        (Number, "several", {"x": ["5"]}, [5]),
        (Number, "boxed", {"content": "5"}, 5),
        (Deep, "own", {"x": "5"}, 5),
        (Deep, "act", {"x": ["5"]}, [5]),
    ],
)
async def test_type_variables_of_a_base(cls: type[Page], name: str, fields: Any, wanted: Any) -> None:
    page = await opened(cls)
    assert (await call(page, getattr(page, name), fields)).ok
    assert getattr(page, name).result == wanted


async def test_classes_share_nothing_of_a_generic_base() -> None:
    one, hidden = await opened(Open), await opened(Hidden)
    assert one.act.action.plan.parameters[0].kind == "field"
    assert hidden.act.action.plan.parameters[0].kind == "bound"
    assert one.act is one.act


class Part(Component, Generic[R]):
    value: R | None = None

    @action
    async def act(self, x: R) -> Any:
        return x


class Parts(Page):
    part: Part[int] = Part()


async def test_type_variables_of_a_component() -> None:
    page = await opened(Parts)
    assert (await call(page, page.part.act, {"x": "5"})).ok
    assert page.part.act.result == 5


D = TypeVarWithDefault("D", default=int)


class Defaulted(Page, Generic[D]):
    @action
    async def act(self, x: D) -> Any:
        return x


async def test_the_default_of_a_type_variable() -> None:
    page = await opened(Defaulted)
    assert (await call(page, page.act, {"x": "5"})).ok
    assert page.act.result == 5


class Holder(BaseModel):
    id: Id


@dataclass
class Record:
    id: Bound[int]


@pytest.mark.parametrize(
    "annotation",
    [
        list[Bound[int]],
        dict[str, Id],
        list[User],
        Id | str,
        User | int,
        list[Event],
        Event | int,
        Draft[Holder],
        list[Draft[Address]],
        Holder,
        Record,
        list[Holder],
        InUrl[int],
        Annotated[str, Depends],
        list[Annotated[str, fastapi.Depends(me)]],
        Bound,
        T,
        list[T],  # type: ignore[valid-type]
        "Unknown",
        TypeAliasType("Nowhere", "Unknown"),
    ],
    ids=lambda annotation: re.sub(r" at 0x\w+", "", str(annotation)),
)
def test_a_parameter_that_can_not_work(annotation: Any) -> None:
    async def act(self: Any, x: Any) -> None: ...

    act.__annotations__ = {"x": annotation}
    body = {"__module__": __name__, "act": action(act)}
    if "Unknown" in str(getattr(annotation, "__value__", annotation)):  # it may be defined later
        cls = type("Wrong", (Page,), body)
        with pytest.raises(TypeError, match="Unknown.*TYPE_CHECKING"):
            cls.act.plan  # type: ignore[attr-defined] # noqa: B018
        return
    with pytest.raises(TypeError, match="'x'"):
        type("Wrong", (Page,), body)


@pytest.mark.parametrize("annotation", [Bound[int], Prev[int], Id, User, list[Id], Holder, Id | None, T])  # type: ignore[misc]
def test_a_field_that_can_not_work(annotation: Any) -> None:
    with pytest.raises(TypeError, match="field 'x'"):
        type("Wrong", (Page,), {"__module__": __name__, "__annotations__": {"x": annotation}})


@pytest.mark.parametrize("name", ["load", "mount", "heard"])
def test_a_hook_or_listener_that_can_not_work(name: str) -> None:
    async def act(self: Any, x: Any) -> None: ...

    for annotation in (list[Id], Id):
        act.__annotations__ = {"x": annotation}
        function = on("topic")(act) if name == "heard" else act
        with pytest.raises(TypeError, match="'x'"):
            type("Wrong", (Page,), {"__module__": __name__, name: function})


def test_a_dependency_that_can_not_work() -> None:
    def wrong(user: list[User]) -> str:
        return user[0]

    with pytest.raises(TypeError, match="'user'"):

        class Wrong(Page):
            @action
            async def act(self, x: Annotated[str, Depends(wrong)]) -> None: ...


def test_a_function_that_can_not_work() -> None:
    async def act(x: Any) -> None: ...

    act.__annotations__, act.__qualname__ = {"x": list[Id]}, "act"
    with pytest.raises(TypeError, match="whole annotation"):
        action(act)


def test_a_generic_page_without_arguments() -> None:
    with pytest.raises(TypeError, match="type variable ~R.*type arguments"):
        check_page(Base)
    with pytest.raises(TypeError, match="type variable ~R"):

        class Wrong(Base): ...  # type: ignore[type-arg]

    class Whole(Page):
        part: Part = Part()  # type: ignore[type-arg]

    with pytest.raises(TypeError, match="type variable ~R"):
        check_page(Whole)


async def test_a_name_that_does_not_exist_in_what_decides_nothing() -> None:
    class Right(Page):
        def load(self) -> Unknown: ...

        @action
        async def act(self) -> Unknown:
            return 5

    page = await opened(Right)
    assert (await call(page, page.act)).ok
    assert page.act.result == 5


NEW_SYNTAX = """
from typing import Annotated, Any
from liveactions import Bound, Depends, InUrl, Page, action

def me() -> str:
    return "me"

type Id = Bound[int]
type Only[T] = Bound[T]
type User = Annotated[str, Depends(me)]
type Query = InUrl[int]
type Tree = list[Tree] | int

class Base[R](Page):
    q: Query = 0

    @action
    async def act(self, x: R) -> R:
        return x

    @action
    async def mine(self, a: Id, b: Only[int], c: User, d: User | None, e: Tree) -> Any: ...

class Number(Base[int]): ...
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of Python 3.12")
@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
async def test_the_syntax_of_python_3_12(future: str) -> None:
    module = ModuleType("tests.syntax")
    sys.modules[module.__name__] = module
    try:
        exec(compile(future + NEW_SYNTAX, module.__name__, "exec", dont_inherit=True), vars(module))  # noqa: S102
        page = await opened(module.Number, query={"q": "2"})
        assert page.q == 2
        assert (await call(page, page.act, {"x": "5"})).ok
        assert page.act.result == 5
        kinds = [one.kind for one in page.mine.action.plan.parameters]
        assert kinds == ["bound", "bound", "depends", "depends", "field"]
    finally:
        del sys.modules[module.__name__]


UNKNOWN_NAMES = """
from typing import TYPE_CHECKING
from liveactions import Page, action, render
from liveactions.pages.page_functions import page_of

if TYPE_CHECKING:
    from elsewhere import Unknown

class Right(Page):
    def load(self) -> Unknown: ...

    @action
    async def act(self, x: int) -> Unknown:
        return x

@page_of
def shown(id: int) -> Unknown:
    return render("shown.html")
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated late since Python 3.14")
async def test_names_that_exist_for_type_checkers_only() -> None:
    space: dict[str, Any] = {"__name__": __name__}
    exec(compile(UNKNOWN_NAMES, "unknown_names", "exec", dont_inherit=True), space)  # noqa: S102
    page = await opened(space["Right"])
    assert (await call(page, page.act, {"x": "5"})).ok
    assert page.act.result == 5


pages = Pages()
TEMPLATES = {
    "account.html": """<title>Account</title><h1>{{ said }}</h1>
<form method="post" action="{{ save }}"><label>User <input name="user"></label>
<label>Maybe <input name="maybe"></label><label>N <input name="n"></label><button>Save</button></form>
<form method="post" action="{{ remove(7) }}"><label>Id <input name="id"></label><button>Remove</button></form>
"""
}


class Accounts(Page, Generic[R]):
    said: str = ""

    @action
    async def save(self, user: User, maybe: Annotated[str, Depends(me)] | None, n: R) -> None:
        self.said = f"{user} {maybe} {n!r}"

    @action
    async def remove(self, id: Id) -> None:
        self.said = f"removed {id!r}"


@pages.page("/account")
class Account(Accounts[int]):
    template = "account.html"


@pytest.fixture(params=["socket", "post", "fetch"])
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    app = small_app(pages, TEMPLATES)
    way = request.param
    async with Browser(app, js=way != "post", socket=way == "socket") as one:
        yield one


async def test_on_every_way_in(browser: Browser) -> None:
    page = await browser.open("/account")
    await page.fill("User", "admin")
    await page.fill("Maybe", "admin")
    await page.fill("N", "5")
    await page.click("Save")
    assert page.text("h1") == "me me 5"
    await page.fill("Id", "1")
    await page.click("Remove")
    assert page.text("h1") == "removed 7"


def test_the_address_of_a_page_does_not_fill_what_is_private() -> None:
    page = new(Form)
    fill_from_address(page, {}, [("q", "4"), ("numbers", "1")])
    assert (page.q, page.numbers) == (4, [])


class NamedAccess(NamedTuple):
    user: Annotated[str, Depends(lambda: "nobody")]


class ModelAccess(BaseModel):
    user: Annotated[str, Depends(lambda: "nobody")]


def with_a_signature_only(function: Any) -> Any:
    """A decorator that doesn't use `functools.wraps`."""

    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    wrapper.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return wrapper


async def decorated(id: Bound[int], user: Annotated[str, Depends(lambda: "nobody")]) -> None: ...


def test_annotations_that_only_a_signature_has_open_nothing() -> None:
    for dependency in (NamedAccess, ModelAccess):
        assert [one.kind for one in plan_of(dependency).parameters] == ["depends"]


def test_annotations_of_a_signature_that_are_text_are_errors() -> None:
    with pytest.raises(TypeError, match="functools.wraps"):
        ParameterPlan.of(with_a_signature_only(decorated))


def test_a_marker_in_a_named_tuple_is_an_error() -> None:
    async def save(access: list[NamedAccess]) -> None: ...

    with pytest.raises(TypeError, match=r"NamedAccess\.user"):
        ParameterPlan.of(save)


@pytest.mark.parametrize("marker", [Bound, Bound[int]])
def test_a_marked_type_as_metadata_is_an_error(marker: Any) -> None:
    async def save(id: int) -> None: ...

    save.__annotations__["id"] = Annotated[int, marker]
    with pytest.raises(TypeError, match="write it as the type"):
        ParameterPlan.of(save)
