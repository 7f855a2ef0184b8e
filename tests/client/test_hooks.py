"""Hooks of the page's own script, and the events around a patch."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.client.conftest import Open

RECORD = """<script type="module">
import { hook } from "/hooks.js";
window.hook = hook;
window.calls = [];
const says = (what) => function () {
  this.times = (this.times ?? 0) + 1;
  calls.push([what, this.element.id, this.element.textContent, this.times]);
};
window.record = { mounted: says("mounted"), updated: says("updated"), destroyed: says("destroyed") };
await hook("h", record);
window.ready = true;
</script>"""
SHAPE = [9, '<b id="new" live-hook="h">n</b>']


def hooked(open_page: Open, body: str, **options: Any) -> tuple[Page, Any]:
    page, server = open_page(body, head=RECORD, **options)
    page.wait_for_function("window.ready")
    return page, server


def calls(page: Page) -> list[Any]:
    """What was called since this was asked last."""
    found: list[Any] = page.evaluate("calls.splice(0)")
    return found


def test_elements_of_the_page_are_mounted_once(open_page: Open) -> None:
    page, server = hooked(
        open_page, '<p id="p" live-hook="h">x</p><p id="q" live-hook="other">y</p><i data-l=".">0</i>'
    )
    server.patch([0, "1"])
    assert calls(page) == [["mounted", "p", "x", 1]]


def test_a_page_without_an_element_that_has_a_hook_is_not_observed(open_page: Open) -> None:
    """Observing each change of a patch takes time. An element that a patch adds is mounted nevertheless."""
    page, server = hooked(open_page, '<div data-l=".">x</div>')
    page.evaluate("""() => {
      window.observed = [];
      const observe = MutationObserver.prototype.observe;
      MutationObserver.prototype.observe = function (target, options) {
        if (options.characterData) observed.push(target.nodeName);
        return observe.call(this, target, options);
      };
    }""")
    server.patch([0, "y"])
    server.patch([0, {"f": [9]}], shapes=SHAPE)
    assert (page.evaluate("observed"), calls(page)) == ([], [["mounted", "new", "n", 1]])
    server.patch([0, "z"])
    assert (page.evaluate("observed"), calls(page)) == (["#document"], [["destroyed", "new", "n", 2]])


def test_each_has_an_object_of_its_own(open_page: Open) -> None:
    page, server = hooked(
        open_page, '<p id="p" live-hook="h" data-l=".">x</p><p id="q" live-hook="h" data-l=".">y</p>'
    )
    calls(page)
    server.patch([0, "1", 1, "2"])
    server.patch([1, "3"])
    assert calls(page) == [["updated", "p", "1", 2], ["updated", "q", "2", 2], ["updated", "q", "3", 3]]


def test_it_is_updated_by_what_is_in_it_and_by_its_attributes_only(open_page: Open) -> None:
    page, server = hooked(
        open_page,
        '<div id="d" live-hook="h" data-l="class"><p data-l=".">x</p></div><p data-l=".">out</p>',
    )
    calls(page)
    server.patch([2, "side"])
    assert calls(page) == []
    server.patch([1, "in"])
    server.patch([0, "a"])
    assert [call[0] for call in calls(page)] == ["updated", "updated"]


def test_its_own_changes_and_those_of_pending_are_no_update(open_page: Open) -> None:
    page, server = hooked(
        open_page,
        '<div live-hook="h"><button id="b" data-l="@click" live-pending="…">b</button></div>'
        '<p data-l=".">x</p>',
    )
    page.evaluate("document.querySelector('div').append(new Text('!'))")
    page.click("#b")
    page.click("#b")
    calls(page)
    server.answer(1, patch=[1, "y"])
    assert calls(page) == []


def test_what_a_patch_brings_and_takes(open_page: Open) -> None:
    page, server = hooked(open_page, '<p data-l=".">x</p>')
    server.patch([0, {"f": [9]}], shapes=SHAPE)
    assert calls(page) == [["mounted", "new", "n", 1]]
    server.patch([0, "gone"])
    assert calls(page) == [["destroyed", "new", "n", 2]]


def test_another_name_is_another_hook(open_page: Open) -> None:
    page, server = hooked(open_page, '<p id="p" data-l="live-hook" live-hook="h">x</p>')
    calls(page)
    server.patch([0, "other"])
    assert calls(page) == [["destroyed", "p", "x", 2]]
    page.evaluate("hook('other', { mounted() { calls.push(this.element.id) } })")
    page.wait_for_function("calls.length")
    assert calls(page) == ["p"]


def test_moved_items_stay_mounted(open_page: Open) -> None:
    items = "".join(f'<li id="{name}" live-hook="h">{name}</li>' for name in "abc")
    page, server = hooked(open_page, f'<ul data-l="[0,0">{items}</ul>')
    calls(page)
    server.patch([0, [[[2, 0]]]])
    assert page.inner_text("ul").split() == ["c", "a", "b"]
    assert calls(page) == []


def test_a_whole_page(open_page: Open) -> None:
    page, server = hooked(open_page, '<p id="p" live-hook="h">x</p><p id="q" live-hook="h">y</p>')
    calls(page)
    html = page.content().replace('<p id="q" live-hook="h">y</p>', '<p id="r" live-hook="h">z</p>')
    server.patch({"page": html})
    page.wait_for_function("calls.length == 2")
    assert [call[:2] for call in calls(page)] == [["destroyed", "q"], ["mounted", "r"]]


def test_an_error_in_one_is_reported_and_hurts_no_other(open_page: Open) -> None:
    page, server = hooked(
        open_page, '<p live-hook="bad">x</p><p id="p" live-hook="h" data-l=".">x</p>', errors=True
    )
    with page.expect_event("pageerror") as error:
        page.evaluate("hook('bad', { mounted() { throw new Error('oh') } })")
    assert "oh" in str(error.value)
    calls(page)
    server.patch([0, "y"])
    assert [call[0] for call in calls(page)] == ["updated"]


def test_events_of_hooks_call_actions(open_page: Open) -> None:
    page, server = open_page(
        '<p id="p" live-hook="h" data-l="@zoomed">x</p>',
        head=RECORD.replace(
            "this.element.id, ", "this.element.id, this.element.dispatchEvent(new Event('zoomed')), "
        ),
    )
    server.wait(2)
    assert server.ops[0][2:4] == [0, [0]]


def test_a_patch_is_told_before_and_after(open_page: Open) -> None:
    page, server = open_page('<p data-l=".">x</p><button data-l="@click">b</button>')
    page.evaluate("""() => {
      window.seen = [];
      addEventListener("live:patch", ({ detail, target }) =>
        seen.push([detail.phase, target === document, document.querySelector("p").textContent]));
    }""")
    server.patch([0, "y"])
    assert page.evaluate("seen") == [["before", True, "x"], ["after", True, "y"]]
    page.click("button")
    server.answer(1)
    server.receive([server.rev, 1])
    assert page.evaluate("seen.length") == 2, "an answer is no patch"


def test_listeners_see_the_page_as_the_server_rendered_it(open_page: Open) -> None:
    page, server = open_page('<button id="b" data-l="@click" live-pending="…">b</button><p data-l=".">x</p>')
    page.click("#b")
    page.click("#b")
    page.evaluate("""() => {
      window.seen = [];
      const { dataset } = document.querySelector("button");
      addEventListener("live:patch", () => seen.push("pending" in dataset));
    }""")
    server.answer(1, patch=[1, "y"])
    assert page.evaluate("seen") == [False, False]
    assert page.get_attribute("#b", "data-pending") == ""


def test_what_listeners_do_is_heard(open_page: Open) -> None:
    page, server = open_page('<button id="b" data-l="@click">b</button><p data-l=".">x</p>')
    page.evaluate("""() => addEventListener("live:patch", ({ detail }) => {
      if (detail.phase === "after") document.querySelector("#b").click();
    })""")
    server.patch([1, "y"])
    server.wait(2)
    assert server.ops[0][2] == 0
