"""What templates know of a call: result, errors, typed values; while one types, too."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from jinja2 import Environment, StrictUndefined
from pydantic import BaseModel, Field, SecretStr

from liveactions.actions.decorator import action
from liveactions.actions.form_input import Input
from liveactions.actions.form_state import MAX_FORM_STATES, is_secret_name
from liveactions.actions.markers import Bound, Prev
from liveactions.exceptions import ActionError
from liveactions.execution.run import PageRun
from liveactions.pages.component import variables
from liveactions.pages.page import Page
from liveactions.types import Failed
from tests.support.pages import call, failure, opened, pairs, success

Name = Annotated[str, Field(min_length=3)]


class Login(BaseModel):
    user: str
    hidden: SecretStr


class Form(Page):
    taken: list[str] = ["ada"]

    @action
    async def join(self, name: Name, email: str, password: str = "", terms: bool = False) -> str:
        if not terms:
            raise ActionError("Please accept", field="terms")
        return name

    @join.validate
    async def is_free(self, name: str) -> None:
        if name in self.taken:
            raise ValueError(f"{name} is taken")

    @join.validate
    def agree(self, name: str, email: str) -> dict[str, str]:
        return {} if name in email else {"email": "Not your address"}

    @action
    async def rename(self, id: Bound[int], title: Name, loud: bool = False) -> str:
        return title.upper() if loud else title

    @action
    async def log_in(self, login: Login) -> None:
        raise ActionError("Wrong")

    @action
    async def push(self, item: str, before: Prev[list[str]]) -> list[str]:
        if item == "bad":
            raise ActionError("Bad")
        return [*(before or []), item]


@pytest.fixture
async def page() -> Form:
    return await opened(Form)


def test_nothing_raises_before_a_submit(page: Form) -> None:
    environment = Environment(undefined=StrictUndefined)
    text = (
        "{{ join.ok }}|{{ join.result }}|{{ join.error }}|{{ join.errors.name }}|{{ join.errors['a.b'] }}|"
        "{{ join.values.items }}|{% for x in join.errors %}{{ x }}{% endfor %}|{{ join.errors|length }}|"
        "{% set f = join.field('a.b', 3) %}{{ f.id }} {{ f.name }} {{ f.value }} {{ f.checked }}"
        " {{ f.error }}{{ f.attrs|xmlattr }}"
    )
    shown = environment.from_string(text).render(variables(page))
    assert shown == "False|None||||||0|join-a-b a.b 3 True "


async def test_errors_and_what_was_typed(page: Form) -> None:
    fields = {"name": "x", "email": "x@y", "password": "geheim", "plan": ["a", "b"]}
    await call(page, page.join, fields)
    name = page.join.field("name", "initial")
    assert (page.join.ok, page.join.error) == (False, "")
    assert (name.value, name.error) == ("x", "Must have at least 3 characters")
    assert name.attrs == {"aria-invalid": "true", "aria-describedby": "join-name-error"}
    assert page.join.values["plan"] == "b"
    assert "password" not in page.join.values
    assert page.join.field("password").value == ""


async def test_checkboxes_and_initial_values(page: Form) -> None:
    assert page.join.field("terms", True).checked
    assert not page.join.field("terms").checked
    await call(page, page.join, {"name": "x"})
    assert not page.join.field("terms", True).checked
    await call(page, page.join, {"name": "x", "terms": "on"})
    assert page.join.field("terms").checked


async def test_an_error_of_the_action(page: Form) -> None:
    outcome = await failure(page, page.join, {"name": "bob", "email": "bob@x"})
    assert outcome == Failed(422, "", {"terms": "Please accept"}, error=outcome.error)
    assert page.join.errors["terms"] == "Please accept"


async def test_success_forgets_what_was_typed(page: Form) -> None:
    await call(page, page.join, {"name": "x"})
    outcome = await success(page, page.join, {"name": "bob", "email": "bob@x", "terms": "on"})
    assert (outcome.result, page.join.ok, page.join.result) == ("bob", True, "bob")
    assert (len(page.join.errors), page.join.field("name", "new").value) == (0, "new")


async def test_secrets_are_never_kept(page: Form) -> None:
    await call(page, page.log_in, {"user": "ada", "hidden": "geheim"})
    assert page.log_in.values["user"] == "ada"
    assert "geheim" not in repr(page.live.forms.exact("log_in"))


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "newPassword", "Password2", "pwd", "pin", "user.passwd", "api-token"],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["name", "compass", "passenger", "opinion", "spin", "topic", "secretary", "tokens_left"]
)
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


async def test_each_binding_has_its_own(page: Form) -> None:
    await call(page, page.rename.bind(1), {"title": "x"})
    await call(page, page.rename.bind(2), {"title": "good"})
    assert page.rename.bind(1).errors["title"]
    assert page.rename.bind(2).result == "good"
    assert not page.rename.bind(3).ok
    assert page.rename.bind(1).field("title").id != page.rename.bind(2).field("title").id


async def test_a_form_shows_what_became_of_any_of_its_buttons(page: Form) -> None:
    await call(page, page.rename.bind(1, loud=True), {"title": "good"})
    assert page.rename.bind(1).result == "GOOD"
    await call(page, page.rename.bind(1), {"title": "x"})
    assert page.rename.bind(1).errors["title"]
    assert not page.rename.bind(11).errors


async def test_the_previous_result(page: Form) -> None:
    for item in ("a", "bad", "b"):
        await call(page, page.push, {"item": item})
    assert page.push.result == ["a", "b"]


async def test_only_the_newest_calls_are_remembered(page: Form) -> None:
    for id in range(MAX_FORM_STATES + 10):
        await call(page, page.rename.bind(id), {"title": "good"})
    assert len(page.live.forms.states) == MAX_FORM_STATES
    assert page.rename.bind(MAX_FORM_STATES + 9).ok
    assert not page.rename.bind(0).ok


# While one types


async def typed(page: Form, fields: dict[str, Any], *touched: str) -> dict[str, str]:
    scope = PageRun(page)
    assert (await scope.validate(page.join, Input(pairs(fields)), touched)).ok
    return {name: page.join.errors[name] for name in page.join.errors}


async def test_only_touched_fields_show_errors(page: Form) -> None:
    assert await typed(page, {"name": "x"}, "name") == {"name": "Must have at least 3 characters"}
    assert await typed(page, {"name": "xyz"}, "name") == {}
    assert await typed(page, {"name": "", "email": ""}, "email") == {"email": "This field is required"}


async def test_validators_see_what_fits(page: Form) -> None:
    assert await typed(page, {"name": "ada"}, "name") == {"name": "ada is taken"}
    fields = {"name": "bob", "email": "eve@x"}
    assert await typed(page, fields, "name") == {}
    assert await typed(page, fields, "name", "email") == {"email": "Not your address"}


async def test_validators_run_when_the_form_is_sent(page: Form) -> None:
    outcome = await failure(page, page.join, {"name": "ada", "email": "ada@x", "terms": "on"})
    assert outcome.errors == {"name": "ada is taken"}


async def test_validation_neither_runs_the_action_nor_forgets_its_errors(page: Form) -> None:
    await call(page, page.join, {"name": "bob", "email": "bob@x"})
    assert await typed(page, {"name": "x", "email": "bob@x", "terms": "on"}, "name") == {
        "terms": "Please accept",
        "name": "Must have at least 3 characters",
    }
    assert not page.join.ok
