"""What enters and leaves, animated by CSS alone, and view transitions."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.client.conftest import Open
from tests.support.client import load_lazy

KEYFRAMES = "@keyframes fade { from { opacity: 0 } } @keyframes spin { to { rotate: 1turn } }"
STYLE = f"""<style>{KEYFRAMES}
[data-entering] {{ animation: fade 100s }}
[data-leaving] {{ animation: fade 100s reverse }}
</style>"""
ITEM = '<li id="new" data-l="."></li>'
ITEMS = [f'<li id="{name}" data-l=".">{name}</li>' for name in "abc"]
LIST = f'<ul live-animate data-l="[0,0">{"".join(ITEMS)}</ul>'
SPACED = '<ul live-animate data-l="[3,1">' + "".join(f"\n  {item}\n" for item in ITEMS) + "</ul>"


def finish(page: Page) -> None:
    """All animations end."""
    page.evaluate("document.getAnimations().forEach((animation) => animation.finish())")


def texts(page: Page) -> list[str]:
    """The items; those that are leaving in parentheses."""
    found: list[str] = page.evaluate("""[...document.querySelectorAll("li")].map((li) => {
      if (li.hasAttribute("data-leaving")) return `(${li.textContent})`;
      return li.hasAttribute("data-entering") ? `+${li.textContent}` : li.textContent;
    })""")
    return found


def settled(page: Page, *expected: str) -> None:
    """The items are these, soon."""
    page.wait_for_function("count => document.querySelectorAll('li').length === count", arg=len(expected))
    assert texts(page) == list(expected)


def animated(open_page: Open, body: str = LIST, style: str = STYLE) -> tuple[Page, Any]:
    page, server = open_page(body, head=style)
    load_lazy(page)
    return page, server


def test_a_removed_item_stays_until_its_animation_ends(open_page: Open) -> None:
    page, server = animated(open_page)
    server.patch([0, [[1]]])
    assert texts(page) == ["a", "(b)", "c"]
    assert page.evaluate("[b.inert, b.getAttribute('data-l')]") == [True, None]
    finish(page)
    settled(page, "a", "c")


def test_a_new_item_is_entering_until_its_animation_ends(open_page: Open) -> None:
    page, server = animated(open_page)
    server.patch([0, [[[3, 0, 7, "new"]]]], shapes=[7, ITEM])
    assert texts(page) == ["+new", "a", "b", "c"]
    finish(page)
    page.wait_for_function("!document.querySelector('[data-entering]')")
    assert texts(page) == ["new", "a", "b", "c"]


def test_the_list_goes_on_around_what_is_leaving(open_page: Open) -> None:
    page, server = animated(open_page)
    server.patch([0, [[1]]])
    server.patch([0, [[[3, -1, 7, "d"], [2, 0]]]], shapes=[7, ITEM])
    assert [text for text in texts(page) if "(" not in text] == ["c", "a", "+d"]
    server.patch([0, [[0]]])
    server.patch([0, [2, [0, "C"], 3, [0, "D"]]])
    finish(page)
    page.wait_for_function("!document.querySelector('[data-leaving],[data-entering]')")
    assert texts(page) == ["C", "D"]


@pytest.mark.parametrize(("first", "second"), list(permutations(range(3), 2)))
def test_white_space_between_items_is_counted_right(open_page: Open, first: int, second: int) -> None:
    page, server = animated(open_page, SPACED)
    server.patch([0, [[first]]])
    server.patch(
        [0, [[[3, second, 7, "new"]]]], shapes=[7, "\n  <li></li>\n".replace("<li>", '<li data-l=".">')]
    )
    server.patch([0, [[second]]])
    finish(page)
    rest = "abc"[3 - first - second]
    page.wait_for_function("!document.querySelector('[data-leaving],[data-entering]')")
    assert sorted(texts(page)) == [rest, "new"]
    server.patch([0, [[3, 3 - first - second]]])
    finish(page)
    page.wait_for_function("document.querySelector('ul').children.length === 0")
    assert page.evaluate("document.querySelector('ul').textContent.trim()") == ""


def test_without_an_animation_nothing_stays(open_page: Open) -> None:
    page, server = animated(
        open_page, style="<style>li { animation: spin 1s infinite }" + KEYFRAMES + "</style>"
    )
    server.patch([0, [[1, [3, -1, 7, "d"]]]], shapes=[7, ITEM])
    settled(page, "a", "c", "d")


def test_without_the_attribute_nothing_stays(open_page: Open) -> None:
    page, server = animated(open_page, LIST.replace("live-animate", "live-transition"))
    server.patch([0, [[1]]])
    page.wait_for_function("document.querySelectorAll('li').length === 2")
    assert texts(page) == ["a", "c"]


def test_transitions_begin_where_the_element_was(open_page: Open) -> None:
    style = "<style>li { transition: opacity 100s } [data-leaving], [data-entering] { opacity: 0 }</style>"
    page, server = animated(open_page, style=style)
    server.patch([0, [[1, [3, -1, 7, "d"]]]], shapes=[7, ITEM])
    page.wait_for_function("!document.querySelector('[data-entering]')")
    assert texts(page) == ["a", "(b)", "c", "d"]
    assert page.evaluate(
        "[...document.getAnimations()].map(({ effect }) => effect.target.textContent).sort()"
    ) == ["b", "d"]
    finish(page)
    settled(page, "a", "c", "d")


def test_an_animation_inside_counts(open_page: Open) -> None:
    body = '<div live-animate data-l="."><p id="p"><i>x</i></p></div>'
    page, server = animated(
        open_page, body, f"<style>{KEYFRAMES} [data-leaving] i {{ animation: fade 100s }}</style>"
    )
    server.patch([0, "text"])
    assert page.evaluate("document.querySelector('div').textContent") == "textx"
    finish(page)
    page.wait_for_function("!document.querySelector('p')")
    server.patch([0, "other"])
    assert page.inner_text("div") == "other"


def test_a_fragment_in_the_place_of_another_has_its_own_slots(open_page: Open) -> None:
    body = '<section live-animate><!--(--><p data-l="class"><!--(-->one<!--)--></p><!--)--></section>'
    page, server = animated(open_page, body)
    server.patch([0, {"f": [7, "two"]}], shapes=[7, '<p id="two" data-l="."></p>'])
    assert page.evaluate("[...document.querySelectorAll('p')].map((p) => p.textContent)") == ["two", "one"]
    server.patch([0, [0, "three"]])
    finish(page)
    page.wait_for_function("document.querySelectorAll('p').length === 1")
    assert page.inner_text("p") == "three"


def test_raw_html_goes_on_around_what_is_leaving(open_page: Open) -> None:
    page, server = animated(open_page, '<ul live-animate data-l=".">text</ul>')
    server.patch([0, {"h": "<li>a</li><li>b</li><li>c</li>"}])
    finish(page)
    server.patch([0, {"s": [10, 10]}])  # b goes
    assert [text.strip("+") for text in texts(page)] == ["a", "(b)", "c"]
    server.patch([0, {"h": "<li>A</li><li>b</li><li>c</li><li>d</li>"}])
    assert [text.strip("+") for text in texts(page) if "(" not in text] == ["A", "b", "c", "d"]
    finish(page)
    page.wait_for_function("!document.querySelector('[data-leaving],[data-entering]')")
    assert texts(page) == ["A", "b", "c", "d"]


def test_what_leaves_is_not_taken_for_raw_html_of_the_server(open_page: Open) -> None:
    page, server = animated(open_page, "<div live-animate><!--(--><p>x</p><!--)--></div>")
    server.patch([0, {"f": [7]}], shapes=[7, "<p>y</p>"])
    assert page.inner_text("[data-leaving]") == "x"
    server.patch([0, {"h": "<p>z</p><p>w</p>"}])
    finish(page)
    page.wait_for_function("!document.querySelector('[data-leaving],[data-entering]')")
    assert page.evaluate("[...document.querySelectorAll('p')].map((p) => p.textContent)") == ["z", "w"]


def test_what_leaves_is_no_part_of_a_form(open_page: Open) -> None:
    body = (
        '<form id="f" method="post" action="/page?_a=save~1~mac"><div live-animate data-l=".">'
        '<p><input name="t" value="old"></p></div><button>Send</button></form>'
    )
    page, server = animated(open_page, body)
    server.patch([0, {"f": [7]}], shapes=[7, '<input name="t" value="new">'])
    assert page.locator("input").count() == 2
    page.click("button")
    assert server.ops[0][4] == ["t", "new"]


def test_what_comes_back_ends_what_leaves(open_page: Open) -> None:
    page, server = animated(open_page, '<div live-animate data-l="."><p id="p">x</p></div>')
    server.patch([0, ""])
    assert page.get_attribute("#p", "data-leaving") == ""
    server.patch([0, {"f": [7]}], shapes=[7, '<p id="p">y</p>'])
    assert page.evaluate("[...document.querySelectorAll('p')].map((p) => p.textContent)") == ["y"]


def test_hooks_of_what_leaves_are_over_when_it_is_gone(open_page: Open) -> None:
    head = (
        STYLE
        + """<script type="module">
      import { hook } from "/hooks.js";
      window.calls = [];
      await hook("h", { destroyed() { calls.push(this.element.id) } });
    </script>"""
    )
    page, server = animated(
        open_page, '<div live-animate data-l="."><p id="p" live-hook="h">x</p></div>', head
    )
    server.patch([0, ""])
    assert page.evaluate("calls") == []
    finish(page)
    page.wait_for_function("calls.length")
    assert page.evaluate("calls") == ["p"]


def test_a_page_read_anew_has_nothing_that_leaves(open_page: Open) -> None:
    page, server = animated(open_page)
    server.patch([0, [[1]]])
    page.evaluate("Math.random = () => 0")
    server.lose()
    page.wait_for_function("sockets.length == 2")
    server.accept(rev=1, rebuilt=1, patch=[0, [1, [0, "c"]]])
    page.wait_for_function("document.querySelectorAll('li').length === 2")
    server.patch([0, [[0]]])
    assert texts(page) == ["(a)", "c"]


def test_nothing_moves_for_who_prefers_that(open_page: Open) -> None:
    page, server = open_page(
        LIST, head=STYLE, prepare=lambda page: page.emulate_media(reduced_motion="reduce")
    )
    load_lazy(page)
    server.patch([0, [[1, [3, -1, 7, "d"]]]], shapes=[7, ITEM])
    assert texts(page) == ["a", "c", "d"]


TRANSITIONS = """<script>
window.transitions = [];
document.startViewTransition = (work) => {
  const done = new Promise((resolve) => { transitions.push(() => { work(); resolve(); }); });
  return { ready: Promise.reject(new Error("skipped")), updateCallbackDone: done, finished: done };
};
</script>"""
BUTTONS = (
    '<button id="b" data-l="@click" live-transition>b</button><button id="c" data-l="@click">c</button>'
    '<p data-l=".">x</p>'
)


def transitions(page: Page) -> int:
    count: int = page.evaluate("transitions.length")
    return count


def test_the_answer_to_what_has_the_attribute_is_a_transition(open_page: Open) -> None:
    page, server = animated(open_page, BUTTONS, TRANSITIONS)
    page.click("#c")
    server.answer(1, patch=[2, "plain"])
    assert (page.inner_text("p"), transitions(page)) == ("plain", 0)
    page.click("#b")
    server.answer(2, patch=[2, "moving"])
    server.patch([2, "after"])
    assert (page.inner_text("p"), transitions(page)) == ("plain", 1)
    page.evaluate("void transitions[0]()")
    page.wait_for_function("document.querySelector('p').textContent === 'after'")
    assert transitions(page) == 1
    assert [told[0] for told in server.told] == ["ok", "ok"]


def test_on_the_body_it_is_for_pushes_too(open_page: Open) -> None:
    page, server = animated(open_page, f"<div></div>{BUTTONS}", TRANSITIONS)
    server.patch([2, "a push"])
    assert (page.inner_text("p"), transitions(page)) == ("a push", 0)
    page.evaluate("document.body.setAttribute('live-transition', '')")
    server.patch([2, "another"])
    assert (page.inner_text("p"), transitions(page)) == ("a push", 1)
    page.evaluate("void transitions[0]()")
    page.wait_for_function("document.querySelector('p').textContent === 'another'")


def test_a_connection_that_is_lost_meanwhile(open_page: Open) -> None:
    page, server = animated(open_page, BUTTONS, TRANSITIONS)
    page.click("#b")
    server.answer(1, patch=[2, "lost"])
    assert transitions(page) == 1
    page.evaluate("Math.random = () => 0")
    server.lose()
    page.wait_for_function("sockets.length == 2")
    server.open()
    server.receive({"token": "t", "rev": 1, "ack": 1, "patch": [2, "told again"]})
    page.wait_for_function("document.querySelector('p').textContent === 'told again'")
    page.evaluate("void transitions[0]()")
    server.rev = 1
    server.patch([2, "next"])
    page.wait_for_function("document.querySelector('p').textContent === 'next'")
    assert server.sockets == 2


def test_no_transition_for_who_prefers_that(open_page: Open) -> None:
    page, server = open_page(
        BUTTONS, head=TRANSITIONS, prepare=lambda page: page.emulate_media(reduced_motion="reduce")
    )
    load_lazy(page)
    page.click("#b")
    server.answer(1, patch=[2, "at once"])
    assert (page.inner_text("p"), transitions(page)) == ("at once", 0)


def test_the_browser_s_own(open_page: Open) -> None:
    page, server = animated(open_page, BUTTONS, "")
    page.click("#b")
    server.answer(1, patch=[2, "moving"])
    page.wait_for_function("document.querySelector('p').textContent === 'moving'")
    assert server.told[0][0] == "ok"
