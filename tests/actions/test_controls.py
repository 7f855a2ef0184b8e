"""Controls by annotation: what `form()` and `input()` write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from jinja2 import DictLoader, Environment
from pydantic import AnyUrl, BaseModel, Field, SecretStr
from starlette.datastructures import UploadFile
from typing_extensions import TypedDict

from liveactions import Bound, Live, Page, action, file, textarea
from liveactions.actions.controls import Control
from liveactions.templates.fragments import Fragment
from liveactions.testing import Browser


class Size(Enum):
    SMALL = "small"
    EXTRA_LARGE = "extra-large"


class City(BaseModel):
    name: str
    code: int | None = None


@dataclass
class Person:
    first_name: str
    city: City
    size: Size | None = None


class Options(TypedDict):
    dark: bool


def of(annotation: Any, **default: Any) -> list[Control]:
    def save(value: Any) -> None: ...

    save.__annotations__ = {"value": annotation}
    save.__defaults__ = (default["default"],) if default else None
    return list(action(save).controls.values())


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, {"type": "text"}),
        (Annotated[str, Field(min_length=2, max_length=9)], {"attrs": {"minlength": 2, "maxlength": 9}}),
        (Annotated[str, textarea(rows=7)], {"kind": "textarea", "attrs": {"rows": 7}}),
        (Annotated[str, Field(max_length=9), textarea()], {"attrs": {"maxlength": 9, "rows": 4}}),
        (AnyUrl, {"type": "url"}),
        (SecretStr, {"type": "password"}),
        (date, {"type": "date"}),
        (datetime, {"type": "datetime-local"}),
        (time, {"type": "time"}),
        (Annotated[int, Field(ge=1, le=9)], {"type": "number", "attrs": {"min": 1, "max": 9}}),
        (float, {"type": "number", "attrs": {"step": "any"}}),
        (Decimal, {"type": "number", "attrs": {"step": "any"}}),
        (bool, {"kind": "checkbox", "required": False}),
        (Literal[True], {"kind": "checkbox", "required": True}),
        (Size, {"kind": "select", "options": (("", ""), ("small", "Small"), ("extra-large", "Extra large"))}),
        (Literal["a", "b"], {"options": (("", ""), ("a", "A"), ("b", "B"))}),
        (list[Size], {"multiple": True, "options": (("small", "Small"), ("extra-large", "Extra large"))}),
        (UploadFile, {"kind": "file", "required": True, "multiple": False}),
        (Annotated[UploadFile, file(types=[".pdf", "image/*"])], {"attrs": {"accept": ".pdf,image/*"}}),
        (list[UploadFile], {"kind": "file", "multiple": True}),
        (str | None, {"type": "text"}),
        (Annotated[str, Field(title="E-mail", description="Work")], {"label": "E-mail", "help": "Work"}),
    ],
)
def test_an_annotation_has_its_control(annotation: Any, expected: dict[str, Any]) -> None:
    [control] = of(annotation)
    assert {name: getattr(control, name) for name in expected} == expected
    assert control.name == "value" and (control.label == "Value" or "label" in expected)


def test_what_has_a_default_is_not_required_and_has_no_empty_option() -> None:
    assert of(str)[0].required and not of(str, default="x")[0].required
    [control] = of(Size, default=Size.SMALL)
    assert control.options[0][0] == "small" and control.default is Size.SMALL


@pytest.mark.parametrize(
    ("annotation", "names"),
    [
        (Person, ["first_name", "city.name", "city.code", "size"]),
        (City, ["name", "code"]),
        (Options, ["dark"]),
    ],
)
def test_a_model_has_those_of_its_fields(annotation: Any, names: list[str]) -> None:
    assert [control.name for control in of(annotation)] == names
    labels = {control.name: control.label for control in of(annotation)}
    expected = {"first_name": "First name", "city.name": "Name", "city.code": "Code", "dark": "Dark"}
    assert all(expected.get(name, label) == label for name, label in labels.items())


@pytest.mark.parametrize("annotation", [list[str], list[City], dict[str, int], Any, Callable[[], int]])
def test_what_has_no_control_is_named(annotation: Any) -> None:
    with pytest.raises(TypeError, match="'value'"):
        of(annotation)


def live_with(**templates: str) -> Live:
    names = {f"{name.replace('__', '/')}.html": text for name, text in templates.items()}
    live = Live(Environment(loader=DictLoader(names), autoescape=True), keys="k" * 32)

    @live.page("/page")
    class Edit(Page):
        template = "page.html"

        @action
        async def save(
            self,
            id: Bound[int],
            title: Annotated[str, Field(min_length=3)],
            at: datetime = datetime(2027, 1, 2),
        ) -> str:
            return f"{id} {title} {at:%d.%m.%Y}"

        @action
        async def other(self, tags: list[str]) -> None: ...

        @property
        def is_compiled(self) -> bool:
            return type(self.save.bind(7).input("title")) is Fragment

    return live


FORM = (
    "<title>Edit</title>{{ save(7).form(submit='Go', class_='wide') }}<output>{{ save(7).result }}</output>"
)


@pytest.mark.parametrize("js", [True, False])
async def test_bound_arguments_have_none_and_errors_stand_beside_their_field(js: bool) -> None:
    async with Browser(live_with(page=FORM), js=js) as browser:
        page = await browser.open("/page")
        assert page.attribute("form", "class") == "wide" and page.value("At") == "2027-01-02T00:00"
        await page.fill("Title", "abc")
        await page.fill("At", "2028-03-04T10:00")
        await page.click("Go")
        assert page.text("output") == "7 abc 04.03.2028"


@pytest.mark.parametrize("js", [True, False])
async def test_an_error_is_connected_with_its_control(js: bool) -> None:
    template = FORM.replace("class_='wide'", "novalidate=True")
    async with Browser(live_with(page=template), js=js) as browser:
        page = await browser.open("/page")
        await page.fill("Title", "a")
        await page.click("Go")
        assert page.attribute("[name=title]", "aria-invalid") == "true"
        described = page.attribute("[name=title]", "aria-describedby")
        assert described and "3" in page.text(f"#{described}")
        assert page.value("Title") == "a"


async def test_the_macros_are_compiled() -> None:
    """An error is a change of two slots, not of the form."""
    async with Browser(live_with(page="<output>{{ is_compiled }}</output>")) as browser:
        assert (await browser.open("/page")).text("output") == "True"


async def test_an_application_may_have_macros_of_its_own() -> None:
    macros = "{% macro input(control, field, attrs) %}<b>{{ control.label }}</b>{% endmacro %}"
    async with Browser(live_with(page="{{ save(7).input('title') }}", live__forms=macros)) as browser:
        page = await browser.open("/page")
        assert page.texts("b") == ["Title"] and page.texts("input[name=title]") == []


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ save(7).input('tilte') }}", "save has no field 'tilte' for a form; did you mean 'title'?"),
        ("{{ other.form() }}", "there is no control for the field 'tags'"),
    ],
)
async def test_mistakes_say_what_there_is(
    template: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Browser(live_with(page=template)) as browser:
        with pytest.raises(AssertionError):
            await browser.open("/page")
    assert message in caplog.text and "page.html" in caplog.text
