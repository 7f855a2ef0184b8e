"""A7. References stay the same, across processes and renames."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from liveactions import Bound, Page, action
from liveactions.actions.decorator import module_action_name
from liveactions.pages.lookup import lookup
from tests.support.pages import new, signed

ROOT = Path(__file__).parent.parent.parent


@action
async def sign(name: str) -> str:
    return f"{name} was here"


@action
async def tag(id: Bound[int]) -> None: ...


@action
async def count_up(page: Page, by: Bound[int] = 1) -> None: ...


class Counting(Page):
    actions = [count_up]


class Renamed(Page):
    @action(id="publish", aliases=["post"])
    async def submit(self, id: Bound[int]) -> None: ...


@action(id="greet-all", aliases=["greet"])
async def greet() -> None: ...


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from tests.behaviour.test_a_references import references
print(*references())
"""


def references() -> list[str]:
    page = new(Renamed)
    counting = new(Counting)
    return [
        page.submit.bind(1).url(),
        counting._live_record.reference(count_up).bind(2).url(),
        counting._live_record.reference(tag).bind(3).url(),
        counting._live_record.reference(sign).url(),
    ]


@pytest.mark.slow
def test_a7_references_are_the_same_in_another_process() -> None:
    command = [sys.executable, "-c", PROGRAM.format(root=str(ROOT))]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout.split() == [one for one in references() if one], found.stderr


def test_a7_ids_and_aliases_survive_a_rename() -> None:
    page = new(Renamed)
    assert page.submit.bind(1).path == "publish"
    assert lookup(page, signed(page, "post")).action is page.submit.action
    reference = page._live_record.reference(greet)
    assert reference.path == "greet-all@"
    assert lookup(page, reference.token).action is greet


@pytest.mark.parametrize("id", ["a.b", "a~b", "a@b", "a b", "1a", "-"])
def test_a7_ids_that_can_be_none(id: str) -> None:
    with pytest.raises(ValueError, match="an id may only contain"):
        action(id=id)(greet.function)


def test_a7_two_functions_of_one_id() -> None:
    def another() -> None: ...

    another.__qualname__ = "another"
    with pytest.raises(TypeError, match="have the same id: 'greet-all'"):
        action(id="greet-all")(another)


def test_a7_the_reference_of_a_function_that_was_renamed() -> None:
    @action
    async def before() -> None: ...

    before.__qualname__ = before.function.__qualname__ = "before"
    old = module_action_name(before)

    async def after() -> None: ...

    after.__qualname__ = "after"
    renamed = action(aliases=["before"])(after)
    page = new(Counting)
    assert lookup(page, signed(page, old)).action is renamed
