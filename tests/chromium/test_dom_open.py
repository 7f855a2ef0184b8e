"""What the person has opened: details, dialogs, popovers, fullscreen, what client commands show."""

from __future__ import annotations

from liveactions import js
from tests.chromium.stage import Stage

DIALOG = """<dialog id="d" class="{{ mood }}"><form method="dialog"><input id="t" value="{{ inside }}"><button>OK</button></form>
<p>{{ inside }}</p></dialog>"""


def test_details_that_the_person_opened(stage: Stage) -> None:
    tab = stage.open(
        '<details id="d" class="{{ mood }}"><summary id="s">More {{ inside }}</summary><p>{{ inside }}</p></details>'
    )
    tab.click("#s")
    for _ in stage.pushes():
        assert tab.evaluate("d.open") is True


def test_details_that_the_person_closed(stage: Stage) -> None:
    tab = stage.open(
        '<details id="d" open class="{{ mood }}"><summary id="s">More</summary><p>{{ inside }}</p></details>'
    )
    tab.click("#s")
    for _ in stage.pushes():
        assert tab.evaluate("d.open") is False


def test_the_server_opens_and_closes_details(stage: Stage) -> None:
    tab = stage.open(
        '<details id="d" {{ "open" if inside == "o" }}><summary id="s">More</summary><p>{{ inside }}</p></details>'
    )
    stage.push(inside="o")
    assert tab.evaluate("d.open") is True
    tab.click("#s")
    stage.push(note="another")
    assert tab.evaluate("d.open") is False
    stage.push(inside="content")
    stage.push(inside="o")
    assert tab.evaluate("d.open") is True


def test_details_of_one_name(stage: Stage) -> None:
    scene = """{% for n in "xyz" %}<details name="one" id="{{ n }}" class="{{ mood }}"><summary>{{ n }}</summary>{{ inside }}
    </details>{% endfor %}"""
    tab = stage.open(scene)
    tab.click("#y summary")
    for _ in stage.pushes():
        assert tab.evaluate("[x.open, y.open, z.open]") == [False, True, False]


def test_a_modal_dialog(stage: Stage) -> None:
    tab = stage.open(DIALOG)
    tab.evaluate("d.showModal(); t.focus(); window.closed_ = 0; d.addEventListener('close', () => closed_++)")
    for _ in stage.pushes():
        assert tab.evaluate("[d.open, d.matches(':modal'), document.activeElement.id, closed_]") == [
            True,
            True,
            "t",
            0,
        ]
    tab.evaluate("d.close()")
    assert tab.evaluate("d.open") is False


def test_a_dialog_that_is_not_modal(stage: Stage) -> None:
    tab = stage.open(DIALOG)
    tab.evaluate("d.show()")
    for _ in stage.pushes():
        assert tab.evaluate("[d.open, d.matches(':modal')]") == [True, False]


def test_a_modal_dialog_of_the_servers(stage: Stage) -> None:
    scene = """<button id="b">b</button>{% if shown %}<dialog id="d" open live-modal class="{{ mood }}">
    <input id="t"> {{ inside }}</dialog>{% endif %}"""
    tab = stage.open(scene, shown=False)
    stage.push(shown=True)
    tab.wait_for_function("d.matches(':modal')")
    assert tab.evaluate("d.open") is True
    tab.evaluate("t.focus()")
    for _ in stage.pushes():
        assert tab.evaluate("[d.open, d.matches(':modal'), document.activeElement.id]") == [True, True, "t"]
    stage.push(shown=False)
    assert tab.evaluate("document.querySelector('dialog')") is None
    tab.click("#b")  # nothing is in the way


def test_a_modal_dialog_that_the_page_comes_with(stage: Stage) -> None:
    tab = stage.open('<dialog id="d" open live-modal class="{{ mood }}">{{ inside }}</dialog>')
    tab.wait_for_function("d.matches(':modal')")
    for _ in stage.pushes():
        assert tab.evaluate("[d.open, d.matches(':modal')]") == [True, True]


def test_the_server_opens_and_closes_a_modal_dialog(stage: Stage) -> None:
    tab = stage.open(
        '<button id="b">b</button><dialog id="d" {{ "open" if shown }} live-modal>{{ inside }}</dialog>',
        shown=False,
    )
    stage.push(shown=True)
    tab.wait_for_function("d.matches(':modal')")
    assert tab.evaluate("d.open") is True
    stage.push(shown=False)
    assert tab.evaluate("[d.open, d.matches(':modal')]") == [False, False]
    tab.click("#b")
    stage.push(shown=True)
    tab.keyboard.press("Escape")
    assert tab.evaluate("[d.open, d.matches(':modal')]") == [False, False]
    for _ in stage.pushes():
        assert tab.evaluate("d.open") is False  # the person has closed it


def test_a_popover(stage: Stage) -> None:
    scene = (
        '<button id="b" popovertarget="p">b</button><div id="p" popover class="{{ mood }}">{{ inside }}</div>'
    )
    tab = stage.open(scene)
    tab.click("#b")
    for _ in stage.pushes():
        assert tab.evaluate("p.matches(':popover-open')") is True


def test_fullscreen(stage: Stage) -> None:
    scene = '<div id="f" class="{{ mood }}" title="{{ inside }}">{{ inside }}</div>'
    tab = stage.open(scene)
    tab.evaluate("f.requestFullscreen()")
    tab.wait_for_function("document.fullscreenElement === f")
    for _ in stage.pushes():
        assert tab.evaluate("document.fullscreenElement === f") is True


MENU = """<button id="b" type="button" aria-controls="m" aria-expanded="false"
live-click="{{ js.toggle('#m').add_class('mine', '#m').set_attr('title', 'own', '#m').focus('#q') }}">Menu</button>
<div id="m" hidden class="{{ mood }}" title="{{ fixed }}"><input id="q"><i>{{ inside }}</i></div>"""


def test_what_client_commands_have_changed(stage: Stage) -> None:
    tab = stage.open(MENU, js=js, fixed="server's")
    tab.click("#b")
    tab.wait_for_function("() => document.activeElement === q")
    state = "[m.hidden, m.title, m.className, b.ariaExpanded, document.activeElement.id]"
    for _ in stage.pushes():
        mood = stage.scene.values["mood"]
        assert tab.evaluate(state) == [False, "own", f"{mood} mine", "true", "q"]
    stage.push(fixed="another")
    assert tab.evaluate("m.title") == "another"
    tab.click("#b")
    tab.wait_for_function("() => m.hidden && b.ariaExpanded === 'false'")


def test_the_server_hides_what_client_commands_have_shown(stage: Stage) -> None:
    scene = """<button id="b" type="button" live-click="{{ js.toggle('#m') }}">Menu</button>
<div id="m" {{ 'hidden' if inside == 'content' }} title="{{ note }}">{{ note }}</div>"""
    tab = stage.open(scene, js=js)
    tab.click("#b")
    tab.wait_for_function("() => !m.hidden")
    stage.push(note="around")
    assert tab.evaluate("m.hidden") is False
    stage.push(inside="shown")
    stage.push(inside="content")
    assert tab.evaluate("m.hidden") is True
