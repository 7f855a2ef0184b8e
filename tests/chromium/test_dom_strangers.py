"""Nodes that others than the server have made: custom elements, widgets, browser extensions, scripts."""

from __future__ import annotations

import pytest

from tests.chromium.stage import Stage

DEFINE = """() => {
  window.life = [];
  customElements.define("x-box", class extends HTMLElement {
    static observedAttributes = ["mood"];
    constructor() {
      super();
      this.attachShadow({ mode: "open" }).innerHTML = "<input><slot></slot>";
    }
    connectedCallback() { life.push("connected"); }
    connectedMoveCallback() { life.push("moved"); }
    disconnectedCallback() { life.push("disconnected"); }
    attributeChangedCallback(name, old, value) { life.push(value); }
  });
}"""


def test_a_custom_element_and_its_shadow_root(stage: Stage) -> None:
    tab = stage.open('<x-box id="t" mood="{{ mood }}">{{ inside }}</x-box>')
    tab.evaluate(DEFINE)
    tab.evaluate("t.shadowRoot.firstChild.value = 'typed'; t.shadowRoot.firstChild.focus(); t.own = 7")
    for _ in stage.pushes():
        inside = (
            "[t.shadowRoot.firstChild.value, t.own, t.shadowRoot.activeElement === t.shadowRoot.firstChild]"
        )
        assert tab.evaluate(inside) == ["typed", 7, True]
    assert tab.evaluate("life.filter(event => event !== 'moved')") == ["sad", "connected", "glad", "calm"]
    assert tab.evaluate("t.textContent") == "more"


def test_a_custom_element_that_comes(stage: Stage) -> None:
    tab = stage.open(
        '{% if inside == "new content" %}<x-box id="t" mood="{{ mood }}">{{ note }}</x-box>{% endif %}'
    )
    tab.evaluate(DEFINE)
    stage.push(inside="new content")
    assert tab.evaluate("[t.shadowRoot.children.length, t.textContent, life]") == [
        2,
        "note",
        ["sad", "connected"],
    ]
    stage.push(inside="gone")
    assert tab.evaluate("life.at(-1)") == "disconnected"


def test_a_declarative_shadow_root(stage: Stage) -> None:
    scene = """<div id="t" class="{{ mood }}"><template shadowrootmode="open"><p>Shadow</p><slot></slot></template>
    {{ inside }}</div><p id="p">{{ inside }}</p>"""
    tab = stage.open(scene)
    for _ in stage.pushes():
        assert tab.evaluate("[t.shadowRoot.firstChild.textContent, t.textContent.trim(), p.textContent]") == [
            "Shadow",
            stage.scene.values["inside"],
            stage.scene.values["inside"],
        ]


def test_a_declarative_shadow_root_that_comes(stage: Stage) -> None:
    scene = """{% if inside == "new content" %}<div id="t"><template shadowrootmode="open"><p>Shadow</p></template>
    {{ note }}</div>{% endif %}<p id="p">{{ inside }}</p>"""
    tab = stage.open(scene)
    stage.push(inside="new content")
    assert tab.evaluate("[t.shadowRoot?.firstChild.textContent, t.querySelector('template')]") == [
        "Shadow",
        None,
    ]


WIDGET = """() => {
  t.replaceChildren("widget ", document.createElement("canvas"));
  t.className = "widget";
  t.style.width = "7px";
  t.dataset.own = "1";
  window.html = t.innerHTML;
}"""
STATE = "[t.innerHTML === html, t.className, t.style.width, t.dataset.own, t.title]"


def test_a_widget_under_live_ignore(stage: Stage) -> None:
    tab = stage.open(
        '<div id="t" live-ignore class="{{ mood }}" title="{{ note }}"><b>{{ inside }}</b></div><i>{{ note }}</i>'
    )
    tab.evaluate(WIDGET)
    for _ in stage.pushes():
        assert tab.evaluate(STATE) == [True, "widget", "7px", "1", "note"]
        assert tab.inner_text("#here i") == stage.scene.values["note"]


def test_a_widget_whose_children_are_ignored(stage: Stage) -> None:
    scene = '<div id="t" live-ignore="children" title="{{ note }}" lang="{{ mood }}"><b>{{ inside }}</b> {{ note }}</div>'
    tab = stage.open(scene)
    tab.evaluate(WIDGET)
    for _ in stage.pushes():
        assert tab.evaluate(STATE) == [True, "widget", "7px", "1", stage.scene.values["note"]]
        assert tab.evaluate("t.lang") == stage.scene.values["mood"]


def test_a_widget_some_of_whose_attributes_are_ignored(stage: Stage) -> None:
    scene = '<div id="t" live-ignore="class style" class="{{ mood }}" style="width: 1px" title="{{ note }}"><b>{{ inside }}</b></div>'
    tab = stage.open(scene)
    tab.evaluate("t.className = 'widget'; t.style.width = '7px'")
    for _ in stage.pushes():
        assert tab.evaluate("[t.className, t.style.width, t.title, t.textContent]") == [
            "widget",
            "7px",
            stage.scene.values["note"],
            stage.scene.values["inside"],
        ]


@pytest.mark.parametrize("how", ["", '="children"'])
def test_a_widget_that_has_been_there_from_the_start(stage: Stage, how: str) -> None:
    """It has changed the page before the client looks for slots, which stand behind it."""
    scene = f"""<div id="t" live-ignore{how}><b class="{{{{ mood }}}}">{{{{ inside }}}}</b>{{% for o in order %}}<i>{{{{ o }}}}</i>
    {{% endfor %}}</div><script>t.replaceChildren("widget")</script><p id="p">{{{{ inside }}}}</p>"""
    tab = stage.open(scene)
    for _ in stage.pushes():
        assert tab.evaluate("[t.textContent, p.textContent]") == ["widget", stage.scene.values["inside"]]


@pytest.mark.parametrize("stage", ["compiled"], indirect=True)
def test_actions_under_live_ignore(stage: Stage) -> None:
    scene = """<div id="t" live-ignore><form action="{{ say }}"><input name="text" value="{{ inside }}"><button id="go">Go</button>
    </form></div>"""
    tab = stage.open(scene)
    for _ in stage.pushes():
        pass
    tab.click("#go")
    tab.wait_for_function("!document.querySelector('form').hasAttribute('aria-busy')")
    assert stage.scene.said == ["content"]


def test_nodes_of_an_extension_stay(stage: Stage) -> None:
    tab = stage.open('<p id="p" class="{{ mood }}"><input id="t"> {{ inside }} <b>b</b></p>')
    tab.evaluate(EXTENSION)
    for _ in stage.pushes():
        assert tab.evaluate(
            "[...document.querySelectorAll('[data-grammar]')].map(node => node.dataset.grammar)"
        ) == [
            "head",
            "after input",
            "item",
            "body",
            "html",
        ]
        assert tab.evaluate("[t.dataset.own, t.style.color]") == ["1", "red"]
        assert tab.inner_text("#p").strip() == f"{stage.scene.values['inside']} b"


def test_an_extension_among_the_items_of_a_list(stage: Stage) -> None:
    """Its nodes are taken for items until something doesn't fit, which draws the page anew."""
    scene = """<div id="l">{% for o in order %}<p class="{{ mood }}">{{ o }}</p>{% endfor %}</div>
    <script>l.prepend(document.createElement("x-ext")); l.append(document.createElement("x-ext"))</script>"""
    tab = stage.open(scene)
    for _ in stage.pushes():
        assert (
            tab.evaluate("[...l.querySelectorAll('p')].map(p => p.textContent)")
            == stage.scene.values["order"]
        )
    stage.expect_errors()


def test_a_translated_page_is_patched(stage: Stage) -> None:
    """Translators wrap texts in elements of their own, and change them."""
    tab = stage.open('<p id="t" class="{{ mood }}">{{ inside }}</p><p id="u">hello {{ note }} <b>b</b></p>')
    tab.evaluate(
        """() => {
          const walker = document.createTreeWalker(document.querySelector("#here"), NodeFilter.SHOW_TEXT);
          const texts = [];
          while (walker.nextNode()) texts.push(walker.currentNode);
          for (const text of texts) {
            const font = document.createElement("font");
            font.textContent = text.data.toUpperCase();
            text.replaceWith(font);
          }
        }"""
    )
    for _ in stage.pushes():
        assert tab.evaluate("t.textContent") in (
            stage.scene.values["inside"],
            stage.scene.values["inside"].upper(),
        )
        assert tab.evaluate("u.textContent").lower() == f"hello {stage.scene.values['note']} b"


SCRIPTS = """{% if inside == "new content" %}<p id="t">there</p><script>window.ran = 1</script>
<svg><script>window.ran = 2</script></svg><script type="module">window.ran = 3</script>{% endif %}"""


def test_scripts_in_patches_do_not_run(stage: Stage) -> None:
    tab = stage.open(SCRIPTS)
    for _ in stage.pushes():
        tab.evaluate("new Promise(done => setTimeout(done))")
        assert tab.evaluate("window.ran") is None


def test_scripts_that_may_run(stage: Stage) -> None:
    scene = """{% if inside == "new content" %}<p id="t">there</p><script live-run>window.ran = (window.ran ?? 0) + 1</script>
    {% endif %}"""
    tab = stage.open(scene)
    for push in stage.pushes():
        if push == "inside":
            tab.wait_for_function("window.ran")
            break
    stage.push(note="once more")
    assert tab.evaluate("ran") == 1


EXTENSION = """() => {
  const add = (name, place) => {
    const node = document.createElement("x-grammar");
    node.dataset.grammar = name;
    place(node);
  };
  add("head", node => document.head.append(node));
  add("after input", node => t.after(node));
  add("item", node => p.parentElement.append(node));
  add("body", node => document.body.append(node));
  add("html", node => document.documentElement.append(node));
  t.dataset.own = "1";
  t.style.color = "red";
}"""
