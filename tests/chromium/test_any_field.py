"""Forms whose fields have the names of all that a form has: `getAttribute`, `nextSibling`, `__proto__` …

In such a form each of these members is a field. So it is pressed and read here by ids and by members of
prototypes only: what Playwright does with elements goes through the form, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from playwright.sync_api import Browser, Page
from pydantic import Field
from starlette.datastructures import FormData

from liveactions import Event, InUrl, Pages, action, redirect
from liveactions import Page as LivePage
from tests.chromium.conftest import Visitor
from tests.chromium.here import Gate
from tests.support.client import load_lazy
from tests.support.small import small_app

MEMBERS = """() => {
  const names = new Set();
  for (let proto = HTMLFormElement.prototype; proto; proto = Object.getPrototypeOf(proto))
    for (const name of Object.getOwnPropertyNames(proto)) names.add(name);
  return [...names];
}"""
READ = """window.read = (id, name, ...args) => {
  const node = document.getElementById(id);
  const value = node && Reflect.get(Object.getPrototypeOf(node), name, node);
  return typeof value == "function" ? value.apply(node, args) : value;
}"""

names: list[str] = []
"""All members of forms, once a browser has told them."""
pages = Pages()
gate = Gate()
FIELDS = '{% for name in names %}<input type="hidden" name="{{ name }}" value="x">{% endfor %}'
TEMPLATES = {
    "form.html": f"""<title>Form</title>
<form id="form" method="post" action="{{{{ save }}}}" live-validate class="{{{{ tone }}}}"
 style="order: {{{{ n }}}}"
 {{% if n %}}data-n="{{{{ n }}}}"{{% endif %}} live-dropped="{{{{ dropped }}}}" live-optimistic="save">
  {FIELDS}
  <input id="word" name="word" value="{{{{ word }}}}">
  <p id="error">{{{{ save.errors.word }}}}</p>
  <input id="change" name="changed" live-change="{{{{ change }}}}">
  <input type="checkbox" id="box" name="box">
  <button id="save" live-pending="Saving…">Save</button>
  <button type="reset" id="reset">Reset</button>
  <ul id="items">{{% for item in items %}}<li>{{{{ item }}}}</li>{{% endfor %}}</ul>
  <a id="query" href="/form?n=7" live-nav>Query</a><a id="away" href="/other" live-nav>Away</a>
  <i id="n">{{{{ n }}}}</i>
</form>
<div id="list">{{% for key in keys %}}
  <form method="post" action="{{{{ pick(key) }}}}" id="form{{{{ key }}}}">{FIELDS}
  <button id="pick{{{{ key }}}}">{{{{ key }}}}</button></form>
{{% endfor %}}</div>
<div id="raw">{{{{ html|safe }}}}</div>
{{% if n %}}<form id="later" live-submit="{{{{ change }}}}">{FIELDS}<input name="changed" value="l">
<button id="send">b</button></form>{{% endif %}}
<p id="log">{{{{ log|join(" ") }}}}</p>""",
    "other.html": f"""<title>Other</title><a id="back" href="/form" live-nav>Back</a>
<form method="post" action="{{{{ go }}}}" id="form">{FIELDS}<input name="word" value="w">
<button id="go">Go</button></form>""",
}


@pages.page("/form")
class Form(LivePage):
    template = "form.html"
    n: InUrl[int] = 0
    word: str = ""
    tone: str = "calm"
    items: list[str] = ["a"]
    keys: list[int] = [1, 2, 3]
    log: list[str] = []

    @property
    def names(self) -> list[str]:
        return names

    @property
    def html(self) -> str:
        fields = "".join(f'<input type="hidden" name="{name}" value="x">' for name in names)
        rows = "".join(f'<form id="raw{key}"><b>{self.n}</b>{fields}</form>' for key in self.keys)
        change = self.live.page.change  # type: ignore[attr-defined]
        form = f'<form id="rawform" method="post" action="{change}" class="c{self.n}">{fields}'
        return (
            f'{rows}{form}<input name="changed" value="raw"><button id="rawbutton">{self.n}</button></form>'
        )

    @action
    async def save(self, form: FormData, word: Annotated[str, Field(min_length=3)]) -> None:
        await gate()
        sent = {name for name, value in form.multi_items() if value == "x"}
        self.log = [*self.log, f"saved:{word}", f"missing:{','.join(sorted(set(names) - sent))}"]
        self.n += 1
        self.tone = "glad"
        self.items = [word, *self.items]
        self.keys = [4, *reversed(self.keys)]

    @action
    async def change(self, changed: str) -> None:
        self.log = [*self.log, f"changed:{changed}"]
        self.keys = self.keys[1:]

    @action
    async def pick(self, key: int) -> None:
        self.keys = [k for k in self.keys if k != key]
        self.log = [*self.log, f"picked:{key}"]

    @action
    async def dropped(self, event: Event) -> None:
        self.log = [*self.log, f"dropped:{event.detail}"]


@pages.page("/other")
class Other(LivePage):
    template = "other.html"

    @property
    def names(self) -> list[str]:
        return names

    @action
    async def go(self, word: str) -> Any:
        return redirect(f"/form?n={len(word)}")


app = small_app(pages, TEMPLATES)


@pytest.fixture(scope="module", autouse=True)
def all_names(chromium: Browser) -> None:
    with chromium.new_page() as page:
        names[:] = page.evaluate(MEMBERS)
    assert {"getAttribute", "nextSibling", "submit", "__proto__", "addEventListener"} < set(names)


@pytest.fixture(autouse=True)
def open_gate() -> Iterator[None]:
    yield
    gate.clear()


@pytest.fixture
def form(person: Visitor) -> Page:
    page = person.new_tab()
    page.add_init_script(READ)
    person.go(page, "/form")
    load_lazy(page)
    return page


def press(page: Page, id: str) -> None:
    page.evaluate("id => document.getElementById(id).click()", id)


def write(page: Page, id: str, value: str) -> None:
    page.evaluate(
        """([id, value]) => {
          const control = document.getElementById(id);
          control.focus();
          control.value = value;
          for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true }));
        }""",
        [id, value],
    )


def shows(page: Page, id: str, name: str, value: Any, *args: Any) -> None:
    """Wait until a member of the element of an id has this value."""
    page.wait_for_function(
        "([id, name, value, args]) => read(id, name, ...args) === value", arg=[id, name, value, args]
    )


def attribute(page: Page, id: str, name: str) -> Any:
    return page.evaluate("([id, name]) => read(id, 'getAttribute', name)", [id, name])


def forms(page: Page, id: str) -> list[str]:
    """The ids of the forms in an element, in order."""
    ids: list[str] = page.evaluate(
        """id => [...document.getElementById(id).querySelectorAll("form")]
          .map(form => Element.prototype.getAttribute.call(form, "id"))""",
        id,
    )
    return ids


def test_a_form_is_submitted_and_patched(form: Page) -> None:
    write(form, "word", "word")
    press(form, "save")
    shows(form, "form", "getAttribute", "true", "aria-busy")
    assert form.evaluate("[save.disabled, save.textContent]") == [True, "Saving…"]
    gate.open()
    shows(form, "log", "textContent", "saved:word missing:")
    assert [attribute(form, "form", name) for name in ("aria-busy", "class", "style", "data-n")] == [
        None,
        "glad",
        "order: 1;",
        "1",
    ]
    assert form.evaluate("[save.disabled, save.textContent, word.value]") == [False, "Save", ""]
    assert form.evaluate("[items.textContent, n.textContent]") == ["worda", "1"]
    assert forms(form, "list") == ["form4", "form3", "form2", "form1"]
    assert forms(form, "raw") == ["raw4", "raw3", "raw2", "raw1", "rawform"]
    assert attribute(form, "rawform", "class") == "c1"


def test_it_is_validated_and_reset(form: Page) -> None:
    write(form, "word", "w")
    shows(form, "error", "textContent", "Must have at least 3 characters")
    form.evaluate("box.click()")
    press(form, "reset")
    assert form.evaluate("[word.value, box.checked]") == ["", False]
    write(form, "word", "wo")
    press(form, "save")
    shows(form, "error", "textContent", "Must have at least 3 characters")
    assert form.evaluate("[word.value, log.textContent]") == ["wo", ""]


def test_events_of_its_controls_and_its_own_call_actions(form: Page) -> None:
    write(form, "change", "c")
    shows(form, "log", "textContent", "changed:c")
    write(form, "word", "word")
    press(form, "save")
    gate.open()
    shows(form, "form", "getAttribute", "1", "data-n")
    form.evaluate(
        """EventTarget.prototype.dispatchEvent.call(
          document.getElementById("form"), new CustomEvent("dropped", { detail: 5 }))"""
    )
    form.wait_for_function("log.textContent.endsWith('dropped:5')")
    press(form, "send")
    form.wait_for_function("log.textContent.endsWith('changed:l')")


def test_forms_in_lists_and_in_raw_html_come_and_go(form: Page) -> None:
    press(form, "pick2")
    shows(form, "log", "textContent", "picked:2")
    assert forms(form, "list") == ["form1", "form3"]
    assert forms(form, "raw") == ["raw1", "raw3", "rawform"]
    press(form, "rawbutton")
    shows(form, "log", "textContent", "picked:2 changed:raw")
    assert forms(form, "list") == ["form3"]
    press(form, "pick3")
    shows(form, "log", "textContent", "picked:2 changed:raw picked:3")
    assert forms(form, "raw") == ["rawform"]


def test_pages_with_such_forms_take_the_place_of_each_other(form: Page) -> None:
    press(form, "query")
    shows(form, "n", "textContent", "7")
    press(form, "away")
    form.wait_for_function("document.title === 'Other' && !document.getElementById('n')")
    press(form, "go")
    form.wait_for_function("document.title === 'Form' && n.textContent === '1'")
    assert form.url.endswith("/form?n=1")
    form.evaluate("history.back()")
    form.wait_for_function("document.title === 'Other'")
    press(form, "back")
    form.wait_for_function("document.title === 'Form' && n.textContent === '0'")
    write(form, "word", "word")
    press(form, "save")
    gate.open()
    shows(form, "log", "textContent", "saved:word missing:")
