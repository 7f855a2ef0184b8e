"""The board in a real browser: dragging, two people, and a form in steps, also without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.proxy import link
from tests.chromium.server import Server, free_port, serving

PICTURE = Path("examples/conduit/screenshot.png")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("board")
    env = {"BOARD_DATABASE": f"sqlite:///{folder}/board.db"}
    with serving("examples.board:app", workers=2, env=env) as server:
        yield server
        assert not server.faults()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def anybody(request: pytest.FixtureRequest, visit: Visit, board: Server) -> Visitor:
    return visit(board.url, script=request.param)


@pytest.fixture
def nadia(visit: Visit, board: Server) -> Page:
    return sign_in(visit(board.url))


def sign_in(visitor: Visitor, name: str = "Nadia") -> Page:
    page = visitor.new_tab()
    page.goto(f"{visitor.url}/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="The lantern festival")).to_be_visible()
    if visitor.script:
        expect(page.locator("html")).to_have_attribute("data-live", "open")
    return page


def add(page: Page, column: str, title: str) -> Locator:
    page.get_by_label(f"Add a card to {column}").fill(title)
    page.get_by_role("button", name=f"Add to {column}").click()
    return card(page, title)


def card(page: Page, title: str) -> Locator:
    """The card of this title; return when it is there."""
    found = page.locator(".card").filter(has=page.get_by_role("link", name=title, exact=True))
    expect(found).to_be_visible()
    return found


def test_cards_are_dragged(nadia: Page, visit: Visit, board: Server) -> None:
    mei = sign_in(visit(board.url), "Mei")
    first, second = add(nadia, "Done", "Drag me"), add(nadia, "Done", "Me, too")
    first.drag_to(nadia.locator("#doing ol"))
    expect(nadia.locator("#doing").get_by_text("Drag me")).to_be_visible()
    expect(mei.locator("#doing").get_by_text("Drag me")).to_be_visible()
    second.drag_to(card(nadia, "Drag me"), target_position={"x": 100, "y": 2})
    expect(nadia.locator("#doing h3").filter(has_text="me")).to_have_text(["Me, too", "Drag me"])
    expect(nadia.locator("[data-dragging], [data-pending]")).to_have_count(0)


def test_the_keyboard_follows_a_moved_card(nadia: Page) -> None:
    add(nadia, "Next", "Follow me")
    button = nadia.get_by_role("button", name="Move Follow me right")
    button.focus()
    nadia.keyboard.press("Enter")
    expect(nadia.locator("#doing").get_by_text("Follow me")).to_be_visible()
    expect(card(nadia, "Follow me").locator(":focus")).to_have_count(1)


def test_what_one_types_stays_while_others_move_cards(nadia: Page, visit: Visit, board: Server) -> None:
    joris = sign_in(visit(board.url), "Joris")
    add(nadia, "Ideas", "Unfinished")
    card(nadia, "Unfinished").get_by_role("heading").dblclick(position={"x": 180, "y": 8})
    title = nadia.get_by_label("Title")
    expect(title).to_be_focused()
    title.fill("Half a ti")
    card(joris, "Unfinished").get_by_role("button", name="Move Unfinished up").click()
    expect(joris.locator("#ideas h3").last).not_to_have_text("Unfinished")
    expect(nadia.locator("#ideas h3").last).not_to_have_text("Unfinished")
    expect(title).to_have_value("Half a ti")
    expect(title).to_be_focused()
    title.press("Escape")
    expect(title).to_have_count(0)


def test_the_dialog_is_modal(nadia: Page) -> None:
    nadia.get_by_role("link", name="Choose a date").click()
    expect(nadia.locator("dialog:modal")).to_be_visible()
    nadia.get_by_label("Details").fill("On a Sunday?")
    nadia.keyboard.press("Escape")
    expect(nadia.locator("dialog")).to_have_count(0)
    expect(nadia).to_have_url(nadia.url.partition("?")[0])
    expect(nadia.get_by_role("link", name="Choose a date")).to_be_focused()


def test_a_card_in_four_steps(anybody: Visitor) -> None:
    page, title = sign_in(anybody), f"Steps {'with' if anybody.script else 'without'} a script"
    page.get_by_role("link", name="New card").click()
    page.get_by_label("What is to be done?").fill(title)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("A picture, if you like").set_input_files(PICTURE)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Assigned to").select_option(label="Mei")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("In Ideas, for Mei.")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Create the card").click()
    expect(page.locator(".flash")).to_have_text(f"“{title}” is on the board")
    cover = card(page, title).locator(".cover")
    assert cover.evaluate("async image => { await image.decode(); return image.naturalWidth }") > 100


def test_a_card_is_moved_and_edited(anybody: Visitor) -> None:
    page, title = sign_in(anybody), f"Moved {'with' if anybody.script else 'without'} a script"
    add(page, "Ideas", title)
    page.get_by_role("button", name=f"Move {title} right").click()
    expect(page.locator("#next").get_by_text(title)).to_be_visible()
    page.get_by_role("link", name=title).click()
    page.get_by_label("Column").select_option(label="Done")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#done").get_by_text(title)).to_be_visible()


@pytest.mark.also_blocked
def test_a_chat_of_two(nadia: Page, visit: Visit, board: Server) -> None:
    joris = sign_in(visit(board.url), "Joris")
    for page in (nadia, joris):
        page.get_by_role("link", name="Chat").click()
        expect(page.get_by_label("Here now").get_by_role("listitem")).to_have_text(["NNadia", "JJoris"])
    joris.get_by_label("Message", exact=True).press_sequentially("Hello")
    expect(nadia.get_by_text("Joris is typing…")).to_be_visible()
    joris.keyboard.press("Enter")
    expect(nadia.locator(".line").last).to_contain_text("Hello")
    expect(nadia.get_by_text("Joris is typing…")).to_have_count(0)
    joris.close()
    expect(nadia.get_by_label("Here now").get_by_role("listitem")).to_have_text(["NNadia"])


def test_who_reloads_is_never_missing(nadia: Page, visit: Visit, board: Server) -> None:
    joris = sign_in(visit(board.url), "Joris")
    here = nadia.get_by_label("Here now").get_by_role("listitem")
    expect(here).to_have_text(["NNadia", "JJoris"])
    nadia.evaluate("""() => {
      const list = document.querySelector(".present");
      window.lists = [];
      const seen = new MutationObserver(() => lists.push(list.textContent));
      seen.observe(list, { childList: true, subtree: true });
    }""")
    for _ in range(3):
        joris.reload()
        expect(joris.locator("html")).to_have_attribute("data-live", "open")
    mei = sign_in(visit(board.url), "Mei")
    expect(here).to_have_text(["NNadia", "JJoris", "MMei"])
    mei.close()
    expect(here).to_have_text(["NNadia", "JJoris"])
    lists = nadia.evaluate("lists")
    assert lists and all("Joris" in shown for shown in lists), lists


def test_killed_workers(visit: Visit, board: Server) -> None:
    """Their pages continue in another process, which sends what others have changed meanwhile."""
    joris = sign_in(visit(board.url, script=False), "Joris")
    with link(board.port) as proxy:
        page = sign_in(visit(proxy.url, outages=True), "Mei")
        page.get_by_label("Add a card to Next").fill("Survived")
        proxy.target = free_port()
        proxy.drop()
        for pid in board.worker_pids()[-2:]:
            board.kill_worker(pid)
        add(joris, "Done", "Added meanwhile")
        proxy.target = board.port
        card(page, "Added meanwhile")
        page.get_by_role("button", name="Add to Next").click()
        card(page, "Survived")


def test_it_is_accessible(nadia: Page, visit: Visit, board: Server) -> None:
    for path in ("/", "/?card=1", "/chat", "/activity", "/new"):
        nadia.goto(board.url + path)
        expect(nadia.locator("html")).to_have_attribute("data-live", "open")
        found = Axe().run(nadia)
        assert not found.violations_count, f"{path}\n{found.generate_report()}"
