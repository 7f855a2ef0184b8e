"""C1. What people read when their input doesn't fit: said for people, replaceable, in their language."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from jinja2 import DictLoader, Environment
from pydantic import AfterValidator, BaseModel, Field, HttpUrl, PastDate, ValidationError
from pydantic_core import PydanticCustomError

from liveactions import ActionError, FieldErrors, Live, Page, Pages, action
from liveactions.actions.messages import MESSAGES
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, visiting, ways
from tests.support.pages import failure, opened


class Kind(Enum):
    A = "a"


class Model(BaseModel):
    n: int


def refuse_email(value: str) -> str:
    """Raise what pydantic raises for an `EmailStr`, which needs a package of its own."""
    problem = {"reason": "The part after the @-sign is not valid. It should have a period."}
    raise PydanticCustomError("value_error", "value is not a valid email address: {reason}", problem)


CASES: list[tuple[Any, str]] = [
    (int, "x"),
    (int, "1.5"),
    (Annotated[int, Field(gt=3)], "3"),
    (Annotated[int, Field(le=3)], "4"),
    (Annotated[int, Field(multiple_of=2)], "3"),
    (float, "x"),
    (Annotated[float, Field(allow_inf_nan=False)], "nan"),
    (Decimal, "x"),
    (Annotated[Decimal, Field(max_digits=3, decimal_places=1)], "1.25"),
    (Annotated[Decimal, Field(max_digits=3)], "12345"),
    (bool, "perhaps"),
    (Annotated[str, Field(min_length=3)], "x"),
    (Annotated[str, Field(max_length=3)], "xxxx"),
    (Annotated[str, Field(pattern="^a")], "b"),
    (Literal["a", "b"], "c"),
    (Kind, "b"),
    (date, "soon"),
    (date, "2020-01-01T12:30"),
    (PastDate, "2999-01-01"),
    (datetime, "soon"),
    (time, "soon"),
    (timedelta, "soon"),
    (UUID, "x"),
    (HttpUrl, "x"),
    (HttpUrl, "ftp://x"),
    (Annotated[str, AfterValidator(refuse_email)], "a@b"),
    (list[int], "x"),
    (Annotated[list[str], Field(min_length=2)], "x"),
]


@pytest.mark.parametrize(("kind", "value"), CASES)
async def test_c1_the_texts_are_for_people(kind: Any, value: str) -> None:
    async def act(self: Page, n: Any) -> None: ...

    act.__annotations__["n"] = kind
    page: Any = await opened(type("Here", (Page,), {"act": action(act), "__module__": __name__}))
    (text,) = (await failure(page, page.act, {"n": value})).errors.values()
    assert not any(word in text for word in ("Input should", "input", "parsing", "{", "string"))
    assert text[0].isupper() and len(text) < 60


@ways("SHN")
async def test_c1_the_texts_can_be_replaced(way: Way) -> None:
    class Here(Page):
        template = "here.html"

        @action
        async def act(self, n: int, m: Annotated[str, Field(min_length=2)]) -> None: ...

    live = application(
        Here, {"missing": "Pflichtfeld", "string_too_short": "Mindestens {min_length} Zeichen"}
    )
    async with visiting(live, way) as browser:
        page = await browser.open("/here")
        await page.fill("m", "x")
        await page.click("act")
        assert page.texts("em") == ["Pflichtfeld", "Mindestens 2 Zeichen"]


async def test_c1_the_text_about_an_email_isnt_that_of_other_value_errors() -> None:
    class Here(Page):
        @action
        async def act(self, email: Annotated[str, AfterValidator(refuse_email)]) -> None: ...

    page = await opened(Here, messages={"email": "Keine E-Mail-Adresse", "value_error": "Falsch: {error}"})
    assert (await failure(page, page.act, {"email": "a@b"})).errors == {"email": "Keine E-Mail-Adresse"}


LANGUAGE: ContextVar[str] = ContextVar("language", default="en")
GERMAN = {"This field is required": "Pflichtfeld"}


class Lazy:
    """A translation that is made when it is shown."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return GERMAN[self.text] if LANGUAGE.get() == "de" else self.text


async def test_c1_texts_may_be_translated_late() -> None:
    messages: Any = {"missing": Lazy(MESSAGES["missing"])}

    class Here(Page):
        @action
        async def act(self, n: int) -> None: ...

    page = await opened(Here, messages=messages)
    for language, text in [("en", "This field is required"), ("de", "Pflichtfeld")]:
        LANGUAGE.set(language)
        assert (await failure(page, page.act)).errors == {"n": text}


async def test_c1_our_own_texts_can_be_replaced() -> None:
    class Here(Page):
        @action
        async def crash(self) -> None:
            raise RuntimeError

        @action
        async def many(self, items: list[Model]) -> None: ...

    page = await opened(Here, messages={"action_failed": "Fehler {id}", "too_many": "Zu viele"})
    outcome = await failure(page, page.crash)
    assert outcome.message == f"Fehler {outcome.id}"
    outcome = await failure(page, page.many, {f"items[{n}].n": "1" for n in range(1001)})
    assert list(outcome.errors.values()) == ["Zu viele"]


# Validators of the application's own


TAKEN = {"ada"}


class Joining(Page):
    template = "here.html"

    @action
    async def join(self, name: Annotated[str, Field(min_length=3)], email: str, n: int = 0) -> str:
        return f"{name} joined"

    @join.validate
    async def is_free(self, name: str) -> None:
        if name in TAKEN:
            raise ValueError(f"{name} is taken")

    @join.validate
    def belongs(self, name: str, email: str) -> dict[str, str]:
        return {} if email.startswith(name) else {"email": "Not your address"}

    @join.validate
    async def whole(self, n: int = 0) -> None:
        if n > 100:
            raise ActionError("That is too much", errors={"n": "Less, please"})


def application(cls: type[Page], messages: dict[str, str] | None = None) -> Live:
    names = "".join(
        f'<input name="{name}" aria-label="{name}" value="{{{{ act.field("{name}").value }}}}">'
        f'<em>{{{{ act.field("{name}").error }}}}</em>'
        for name in ("n", "m")
    )
    template = (
        f'<title>H</title><form method="post" action="{{{{ act }}}}">{names}<button>act</button></form>'
    )
    if cls is Joining:
        errors = "".join(f"<em>{{{{ join.errors.{name} }}}}</em>" for name in ("name", "email", "n"))
        template = f"<title>J</title><p>{{{{ join.result }}}}{{{{ join.error }}}}</p>{errors}" + form(
            "join", "name", "email", "n"
        ).replace("<form", "<form live-validate")
    pages = Pages()
    pages.page("/here")(cls)
    live = Live(
        Environment(loader=DictLoader({"here.html": template}), autoescape=True),
        keys="a key that is long enough for all of it",
        messages=messages,
    )
    live.include(pages)
    return live


@ways("SHN")
async def test_c1_checks_of_the_applications_own(way: Way) -> None:
    async with visiting(application(Joining), way) as browser:
        page = await browser.open("/here")
        for name, email, n, wanted, shown in [
            ("ada", "ada@x", "1", ["ada is taken", "", ""], "None"),
            ("eve", "bob@x", "1", ["", "Not your address", ""], "None"),
            ("x", "bob@x", "1", ["Must have at least 3 characters", "", ""], "None"),
            ("eve", "eve@x", "101", ["", "", "Less, please"], "NoneThat is too much"),
            ("eve", "eve@x", "1", ["", "", ""], "eve joined"),
        ]:
            await page.fill("name", name)
            await page.fill("email", email)
            await page.fill("n", n)
            await page.click("join")
            assert (page.texts("em"), page.text("p")) == (wanted, shown)


@ways("SH")
async def test_c1_touched_fields_are_checked_as_one_types(way: Way) -> None:
    async with visiting(application(Joining), way) as browser:
        page = await browser.open("/here")
        await page.fill("name", "ada")
        assert page.texts("em") == ["ada is taken", "", ""]
        await page.fill("email", "bob@x")
        assert page.texts("em") == ["ada is taken", "Not your address", ""]
        await page.fill("name", "bob")
        assert page.texts("em")[0] == ""


@ways("SHN")
async def test_c1_an_error_of_a_model_inside_an_action_may_be_made_the_visitors(way: Way) -> None:
    class Here(Page):
        template = "here.html"

        @action
        async def act(self, n: str, m: str) -> None:
            try:
                Model.model_validate({"n": n})
            except ValidationError as error:
                raise FieldErrors.of(error) from None

    async with visiting(application(Here), way) as browser:
        page = await browser.open("/here")
        await page.fill("n", "x")
        await page.fill("m", "y")
        await page.click("act")
        assert page.texts("em") == ["Enter a whole number", ""]
