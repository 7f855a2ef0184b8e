"""Dialogs that the server opens, and that a person closes in the browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.client.conftest import Open
from tests.support.client import load_lazy

BODY = (
    '<button id="b" data-l="@click">Open</button><dialog id="d" live-modal data-l="open{events}" {open}>'
    '<form method="dialog"><button id="x">x</button></form></dialog><p data-l=".">x</p>'
)
MODAL = "[d.open, d.matches(':modal')]"


def dismiss(page: Page, how: str) -> None:
    """Close the dialog in the browser, and wait until everybody has heard of it."""
    page.evaluate(
        "() => { window.heard = new Promise((then) => d.addEventListener('close', then, { once: true })) }"
    )
    page.keyboard.press("Escape") if how == "Escape" else page.click("#x")
    page.evaluate("heard")
    assert page.evaluate(MODAL) == [False, False]


@pytest.mark.parametrize("how", ["Escape", "a form of the browser's"])
@pytest.mark.parametrize("opened", [True, False])
def test_a_dismissed_dialog_can_be_opened_again(open_page: Open, how: str, opened: bool) -> None:
    page, server = open_page(BODY.format(events="", open="open" if opened else ""))
    load_lazy(page)
    if not opened:
        page.click("#b")
        server.answer(1, patch=[1, ""])
    for n in range(2 - opened, 5 - opened):
        assert page.evaluate(MODAL) == [True, True]
        dismiss(page, how)
        page.click("#b")
        assert page.evaluate(MODAL) == [False, False]
        server.answer(n)  # the server has it open already
    assert page.evaluate(MODAL) == [True, True]


def test_pushes_and_older_answers_do_not_bring_it_back(open_page: Open) -> None:
    page, server = open_page(BODY.format(events="", open="open"))
    load_lazy(page)
    page.evaluate("b.click()")  # behind the dialog
    dismiss(page, "Escape")
    server.patch([2, "pushed"])
    assert page.evaluate(MODAL) == [False, False]
    server.answer(1, patch=[2, "answered"])
    assert page.evaluate(MODAL) == [False, False]
    page.click("#b")
    server.answer(2, 2, 1, {"error": "no"})
    assert page.evaluate(MODAL) == [False, False]


@pytest.mark.parametrize("patch", [[1, None], []])
def test_the_answer_to_live_close_says_whether_it_is_closed(open_page: Open, patch: list[Any]) -> None:
    page, server = open_page(BODY.format(events=" @close", open="open"))
    load_lazy(page)
    dismiss(page, "Escape")
    assert [op[2:4] for op in server.ops] == [[0, [2]]]
    server.answer(1, patch=patch)
    assert page.evaluate(MODAL) == [not patch, not patch]
    page.evaluate("b.click()")
    server.answer(2, patch=[1, ""] if patch else [])
    assert page.evaluate(MODAL) == [True, True]


def test_what_the_server_closes_is_not_dismissed(open_page: Open) -> None:
    page, server = open_page(BODY.format(events="", open="open"))
    load_lazy(page)
    page.evaluate(
        "() => { window.heard = new Promise((then) => d.addEventListener('close', then, { once: true })) }"
    )
    server.patch([1, None])
    page.evaluate("heard")
    page.click("#b")
    server.answer(1)
    assert page.evaluate(MODAL) == [False, False]
