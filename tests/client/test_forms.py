"""Forms whose action is a reference run as ops; while they do, they are pending."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page, Request

from tests.client.conftest import Open
from tests.support.client import load_lazy

FORM = (
    '<form id="f" method="post" action="/page?_a=save~1~mac"><input type="hidden" name="_s" value="x">'
    "{}</form>"
)
PENDING = "() => [f.getAttribute('aria-busy'), f.hasAttribute('data-pending'), b.disabled, b.textContent]"
IDLE = [None, False, False, "Save"]


def test_fields_and_submitter(open_page: Open) -> None:
    page, server = open_page(
        FORM.format(
            '<input name="t" value="ä&b"><input name="t" value="2"><input type="checkbox" name="c">'
            '<input name="off" disabled><select name="s"><option>x</select>'
            '<textarea name="a">l1\nl2</textarea><button name="b" value="v">Go</button>'
        )
    )
    page.click("button")
    fields = ["t", "ä&b", "t", "2", "s", "x", "a", "l1\nl2", "b", "v"]
    assert server.ops == [[1, 0, 1, "save~1~mac", fields]]


def test_enter_submits(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input id="t" name="t">'))
    page.fill("#t", "typed")
    page.press("#t", "Enter")
    assert server.ops == [[1, 0, 1, "save~1~mac", ["t", "typed"]]]


@pytest.mark.parametrize(
    "control",
    [
        '<button form="f" formaction="?_a=other" id="b">',
        '<input type="submit" form="f" formaction="/page?x=1&_a=other" id="b">',
    ],
)
def test_a_submitter_overrides_the_action(open_page: Open, control: str) -> None:
    page, server = open_page(FORM.format("") + control)
    page.click("#b")
    assert server.ops[0][2:4] == [1, "other"]


def posts(page: Page) -> list[Request]:
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if request.method == "POST" else None)
    return found


@pytest.mark.parametrize(
    "form",
    [
        '<form method="post" action="/elsewhere"><button>Go</button></form>',
        '<form method="post" action="/other?_a=save"><button>Go</button></form>',
        '<form method="post" action="http://other.test/page?_a=save"><button>Go</button></form>',
        '<form method="post" action="/page?_a=save"><button formaction="/elsewhere">Go</button></form>',
    ],
)
def test_other_forms_are_the_browsers(open_page: Open, form: str) -> None:
    page, server = open_page(form)
    page.context.route("http://other.test/**", lambda route: route.fulfill(status=204))
    with page.expect_request(lambda request: request.method == "POST"):
        page.click("button")
    assert server.ops == []


@pytest.mark.parametrize(
    ("form", "button"), [('target="frame"', ""), ('target="_blank"', ""), ("", 'formtarget="frame"')]
)
def test_what_another_window_shows_is_a_post(open_page: Open, form: str, button: str) -> None:
    page, server = open_page(
        f'<iframe name="frame"></iframe><form method="post" action="/page?_a=save" {form}><button {button}>Go'
        "</button></form>"
    )
    with page.context.expect_event("request", lambda request: request.method == "POST"):
        page.click("button")
    assert server.ops == []


def test_a_target_that_is_the_page_itself(open_page: Open) -> None:
    page, server = open_page(
        '<form method="post" action="/page?_a=save" target="x"><button formtarget="_SELF">Go</button></form>'
    )
    page.click("button")
    assert server.ops == [[1, 0, 1, "save", []]]


FIELDS = """
elements id name action method target content children remove submit reset requestSubmit length matches
title parent value type style before after contains"""


def test_a_field_may_have_any_name(open_page: Open) -> None:
    names = FIELDS.split()
    forms = (
        '<form method="post" action="/page?_a=save" data-l="@change">'
        f'<input id="t{n}" name="{name}" value="a" data-l="value"><button id="b{n}">Go</button></form>'
        for n, name in enumerate(names)
    )
    page, server = open_page(f'<div data-l=".">{"".join(forms)}</div>')
    load_lazy(page)
    for n, name in enumerate(names):
        page.fill(f"#t{n}", "typed")
        page.click(f"#b{n}")
        fields = [name, "typed"]
        calls = [[op[2], op[3], op[4]] for op in server.ops[-2:]]
        assert calls == [[0, [0, 2 * n], fields], [1, "save", fields]]
        server.answer(2 * n + 2, patch=[0, [2 * n + 1, "b"]])
        assert page.input_value(f"#t{n}") == "b"


@pytest.mark.parametrize("name", ["content", "replaceChildren"])
def test_the_content_of_a_form_with_a_field_of_any_name(open_page: Open, name: str) -> None:
    page, server = open_page(f'<form data-l="."><input name="{name}"></form>')
    server.patch([0, {"f": "text"}])
    assert page.inner_html("form") == "text"


@pytest.mark.parametrize(
    ("action", "calls"), [("/page", True), ("/page?q=1", True), ("", True), ("/other", False)]
)
def test_a_reference_in_a_field(open_page: Open, action: str, calls: bool) -> None:
    page, server = open_page(
        f'<form method="post" action="{action}"><input type="hidden" name="_s" value="x">'
        '<input type="hidden" name="_a" value="save"><input name="t" value="1"><button>Go</button>'
        '<button id="o" formaction="/page?_a=other">o</button></form>'
    )
    if calls:
        page.click("button")
        page.click("#o")
        assert [op[3:] for op in server.ops] == [["save", ["t", "1"]], ["other", ["t", "1"]]]
    else:
        with page.expect_request(lambda request: request.method == "POST") as asked:
            page.click("button")
        assert asked.value.post_data == "_a=save&t=1"
        assert server.ops == []


def test_a_get_form_is_the_browsers(open_page: Open) -> None:
    page, server = open_page('<form action="/page"><input name="q" value="1"><button>Go</button></form>')
    with page.expect_navigation():
        page.click("button")
    assert page.url.endswith("/page?q=1")


def test_files_are_posted(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input type="file" name="f" id="u"><button>Go</button>'))
    page.set_input_files("#u", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    with page.expect_request(lambda request: request.method == "POST"):
        page.click("button")


def test_addresses_are_the_same_however_they_are_spelled(open_page: Open) -> None:
    page, server = open_page(
        '<form method="post" action="/caf%c3%a9/%7Ea?_a=save"><button>Go</button></form>', path="/café/~a?q=1"
    )
    page.click("button")
    assert server.ops[0][3] == "save"


def test_listeners_may_add_fields_and_prevent(open_page: Open) -> None:
    page, server = open_page(FORM.format("<button>Go</button>"))
    page.evaluate("() => { f.addEventListener('formdata', e => e.formData.append('more', '1')) }")
    page.click("button")
    assert server.ops[0][4] == ["more", "1"]
    server.answer(1)
    page.evaluate("() => { f.addEventListener('submit', e => e.preventDefault()) }")
    page.click("button")
    assert len(server.ops) == 1


def test_request_submit_and_browser_validation(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input name="t" required id="t"><button>Go</button>'))
    page.click("button")
    assert server.ops == []
    page.fill("#t", "x")
    page.evaluate("f.requestSubmit()")
    assert server.ops[0][4] == ["t", "x"]


def test_pending_until_the_answer_is_applied(open_page: Open) -> None:
    page, server = open_page(FORM.format('<button id="b">Save</button>'))
    page.click("#b")
    assert page.evaluate(PENDING) == ["true", True, True, "Save"]
    server.patch([])
    assert page.evaluate(PENDING) == ["true", True, True, "Save"]
    server.answer(1)
    assert page.evaluate(PENDING) == IDLE


def test_pending_text(open_page: Open) -> None:
    page, server = open_page(FORM.format('<button id="b" live-pending="Saving…" data-l=".">Save</button>'))
    load_lazy(page)
    page.click("#b")
    assert page.evaluate(PENDING) == ["true", True, True, "Saving…"]
    server.patch([0, "Save it"])
    assert page.evaluate(PENDING) == ["true", True, True, "Saving…"]
    server.answer(1)
    assert page.evaluate(PENDING) == [None, False, False, "Save it"]


def test_pending_text_of_an_input(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input type="submit" id="b" value="Save" live-pending="Saving…">'))
    load_lazy(page)
    page.click("#b")
    assert page.input_value("#b") == "Saving…"
    server.answer(1)
    assert page.input_value("#b") == "Save"


def test_what_the_server_says_of_a_pending_form_shows_afterwards(open_page: Open) -> None:
    page, server = open_page(FORM.format('<button id="b" data-l="*">Save</button>'))
    page.click("#b")
    server.patch([0, ["disabled", ""]])
    server.answer(1)
    assert page.is_disabled("#b")
    server.patch([0, ["disabled", None]])
    assert page.is_enabled("#b")


def test_a_second_identical_submit_is_ignored(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input id="t" name="t">'))
    page.fill("#t", "x")
    page.press("#t", "Enter")
    page.press("#t", "Enter")
    assert len(server.ops) == 1
    server.answer(1)
    page.press("#t", "Enter")
    assert len(server.ops) == 2


def test_the_same_text_typed_again_is_another_submit(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input id="t" name="t"><button id="b">Save</button>'))
    for _ in range(3):
        page.fill("#t", "same")
        page.press("#t", "Enter")
    assert [op[4] for op in server.ops] == [["t", "same"]] * 3
    for ack in (1, 2, 3):
        assert page.get_attribute("#f", "aria-busy") == "true"
        server.answer(ack)
    assert page.evaluate(PENDING) == IDLE


def test_three_submits_in_succession_lose_nothing(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input id="t" name="t">'))
    for text in ("one", "two", "three"):
        page.fill("#t", text)
        page.press("#t", "Enter")
    assert [op[4][1] for op in server.ops] == ["one", "two", "three"]
    server.answer(1)
    server.answer(2)
    assert page.input_value("#t") == "three"
    server.answer(3)
    assert page.input_value("#t") == ""


def test_only_the_submitting_form_is_pending(open_page: Open) -> None:
    page, server = open_page(
        FORM.format('<button id="b">Save</button>')
        + FORM.format('<button id="c">x</button>').replace('id="f"', 'id="g"')
    )
    page.click("#c")
    assert page.evaluate(PENDING) == IDLE
    page.click("#b")
    server.answer(1)
    assert page.evaluate(PENDING) == ["true", True, True, "Save"]
    assert not page.get_attribute("#g", "aria-busy")


def test_a_form_that_goes_while_it_is_pending(open_page: Open) -> None:
    page, server = open_page('<div data-l=".">' + FORM.format('<button id="b">Save</button>') + "</div>")
    page.click("#b")
    server.answer(1, patch=[0, "done"])
    assert page.inner_html("div") == "done"
    assert server.told == [["ok", "", {"n": 1, "result": None}]]


def test_answers_are_told(open_page: Open) -> None:
    page, server = open_page(FORM.format('<button id="b">Save</button>'))
    page.click("#b")
    server.answer(1, 1, 0, {"id": 7})
    page.click("#b")
    server.answer(2, 2, 1, {"error": "No", "errors": {"t": ["bad"]}, "status": 422})
    assert server.told == [
        ["ok", "f", {"n": 1, "result": {"id": 7}}],
        ["error", "f", {"n": 2, "uncertain": False, "error": "No", "errors": {"t": ["bad"]}, "status": 422}],
    ]


PAGE_FORM = (
    '<form id="live" method="post" action="/page"><input type="submit" disabled>'
    '<input type="hidden" name="_s" value="x"></form>'
)


def test_enter_in_a_control_of_the_page_form_presses_nothing(open_page: Open) -> None:
    page, server = open_page(
        PAGE_FORM + '<input id="t" name="t" form="live" value="v">'
        '<button id="b" form="live" formaction="/page?_a=go" name="k" value="1">Go</button>'
    )
    page.press("#t", "Enter")
    assert server.ops == []
    page.click("#b")
    assert server.ops == [[1, 0, 1, "go", ["t", "v", "k", "1"]]]
    page.fill("#t", "typed")
    server.answer(1)
    assert page.input_value("#t") == "typed"


def test_buttons_of_the_page_form_are_each_their_own(open_page: Open) -> None:
    page, server = open_page(
        PAGE_FORM
        + "".join(f'<button id="b{n}" form="live" formaction="/page?_a=go{n}">{n}</button>' for n in (1, 2))
    )
    for id in ("#b1", "#b2"):
        page.click(id)
        assert page.is_disabled(id)
    assert [op[3] for op in server.ops] == ["go1", "go2"]
    server.answer(1)
    assert [page.is_disabled("#b1"), page.is_disabled("#b2")] == [False, True]
    assert server.told == [["ok", "b1", {"n": 1, "result": None}]]
    assert page.evaluate("[live, b1, b2].map(each => each.ariaBusy)") == [None, None, "true"]


@pytest.mark.parametrize("accepted", [True, False])
def test_confirm(open_page: Open, accepted: bool) -> None:
    page, server = open_page(FORM.format('<button id="b" live-confirm="Sure?">Save</button>'))
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if accepted else dialog.dismiss()

    page.on("dialog", answer)
    page.click("#b")
    assert asked == ["Sure?"]
    assert len(server.ops) == accepted


def test_the_default_button(open_page: Open) -> None:
    page, server = open_page(
        FORM.format(
            '<button name="b" value="first">1</button><input id="t">'
            '<button name="b" value="second" live-default>2</button>'
        )
    )
    load_lazy(page)
    page.press("#t", "Enter")
    assert server.ops[0][4] == ["b", "second"]


VALIDATED = FORM.format('<input id="n" name="n"><input id="m" name="m"><button id="b">Save</button>').replace(
    "<form", "<form live-validate"
)


def test_validation_as_one_types(open_page: Open) -> None:
    page, server = open_page(VALIDATED + '<p data-l="."></p>', clock=True)
    load_lazy(page)
    for text in ("a", "ad", "ada"):
        page.fill("#n", text)
        page.clock.run_for(100)
    assert server.ops == []
    page.clock.run_for(300)
    assert server.ops == [[1, 0, 2, "save~1~mac", ["n", "ada", "m", ""], ["n"]]]
    server.answer(1, patch=[0, "taken"])
    assert page.input_value("#n") == "ada"
    page.fill("#m", "m")
    page.clock.run_for(300)
    assert server.ops[-1][5] == ["n", "m"]
    assert page.get_attribute("#f", "aria-busy") is None


def test_text_that_is_only_validated_is_kept_when_the_server_changes_the_field(open_page: Open) -> None:
    """Somebody else saves what this person is editing."""
    page, server = open_page(VALIDATED.replace('id="n"', 'id="n" value="old" data-l="value"'), clock=True)
    load_lazy(page)
    page.fill("#n", "mine")
    page.clock.run_for(300)
    server.answer(1)
    server.patch([0, "theirs"])
    assert page.evaluate("[f.n.value, f.n.defaultValue]") == ["mine", "theirs"]
    page.click("#b")
    server.answer(2, patch=[0, "saved"])
    assert page.input_value("#n") == "saved"


def test_a_submit_takes_the_waiting_validation_along(open_page: Open) -> None:
    page, server = open_page(VALIDATED, clock=True)
    load_lazy(page)
    page.fill("#n", "a")
    page.click("#b")
    assert [op[2] for op in server.ops] == [2, 1]
    page.clock.run_for(1000)
    assert len(server.ops) == 2


def test_a_form_that_comes_later(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div>')
    html = (
        '<form id="f" method="post" action="" data-l="action"><input name="t" value="v">'
        '<button id="b">Save</button></form>'
    )
    server.patch([0, {"f": [1, "/page?_a=late"]}], shapes=[1, html])
    page.click("#b")
    assert server.ops == [[1, 1, 1, "late", ["t", "v"]]]


def test_too_much_to_send(open_page: Open) -> None:
    page, server = open_page(FORM.format('<textarea name="t" id="t"></textarea><button id="b">Save</button>'))
    page.evaluate("t.value = 'ä'.repeat(600_000)")
    page.click("#b")
    assert server.ops == []
    assert server.told[0][2]["status"] == 413
    page.wait_for_selector(".live-notice")
    assert page.evaluate("[t.value.length, document.querySelector('#b').disabled]") == [600_000, False]
    page.fill("#t", "a")
    assert page.query_selector(".live-notice") is None
    page.evaluate("t.value = 'a'.repeat(1_000_000)")
    page.click("#b")
    assert len(server.ops) == 1


CUSTOM = """customElements.define("x-stars", class extends HTMLElement {
  static formAssociated = true;
  #internals = this.attachInternals();
  get value() { return this.stars ?? ""; }
  set value(stars) {
    this.stars = stars;
    this.#internals.setFormValue(stars);
  }
  formResetCallback() { this.value = "0"; }
})"""


@pytest.mark.parametrize(
    ("edited", "status", "value"), [(False, 0, "0"), (False, 5, "3"), (False, 1, "3"), (True, 0, "4")]
)
def test_a_custom_element_is_reset_as_other_controls_are(
    open_page: Open, edited: bool, status: int, value: str
) -> None:
    page, server = open_page(
        FORM.format('<x-stars id="x" name="stars"></x-stars><button id="b">Save</button>')
    )
    page.evaluate(CUSTOM)
    page.evaluate("x.value = '3'")
    page.click("#b")
    assert server.ops[0][4] == ["stars", "3"]
    if edited:
        page.evaluate("x.value = '4'")
    server.answer(0, 1, status, {"error": "no"} if status == 1 else None)
    assert page.evaluate("x.value") == value


LEADING = (
    '<form id="f" method="post" data-l="action" action="/page?_a=save">'
    '<input type="hidden" name="_s" value="x"><input name="a" value="1">'
    '<button id="b">b</button><button id="away" formaction="/target">c</button></form>'
)


@pytest.mark.parametrize("button", ["#away", "#b"])
def test_the_state_of_a_page_goes_to_its_own_posts_only(open_page: Open, button: str) -> None:
    page, server = open_page(LEADING)
    if button == "#b":
        server.patch([0, "/target"])
    with page.expect_request(lambda request: request.url.endswith("/target")) as asked:
        page.click(button)
    assert asked.value.post_data == "a=1"
