"""Raw HTML that changes: what the random cases found, and what of the page stays."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from liveactions.diff.client_state import checksum, splices
from tests.chromium.observe import counting_layouts, watching
from tests.client.conftest import Open
from tests.client.markup import PLACES, Case
from tests.client.test_raw_property import play
from tests.support.client import load_lazy

FOUND = {
    "a form begins in a form": (
        "form",
        "<p>x</p>",
        "<form><div><form><i>x</i></form></div></form>",
    ),
    "a form begins in a form in a template": (
        "template",
        "<i>x</i>",
        "<form><div><form><i>x</i></form></div></form>",
    ),
    "options end where a line begins": (
        "select",
        "<hr><optgroup><option>x<option>y",
        "<hr><optgroup><option>x<hr><option>y",
    ),
    "a key in a template is no key of the page": (
        "div",
        '<template data-key="k"></template>',
        '<template data-key="k"><template data-key="k"></template></template>',
    ),
    "templates with other content": (
        "div",
        "<p>x</p><template><i>a</i></template>",
        "<p>x</p><template><i>b</i></template>",
    ),
    "a template in MathML is none": (
        "mi",
        "x<mglyph>y</mglyph><noscript>a &amp; b</noscript>",
        "x<mglyph><noscript>b</noscript><template><q>z</q></template></mglyph>",
    ),
    "an option moves into a group": (
        "div",
        "<select><optgroup><option>x<hr></optgroup><option id=k>y</select>",
        "<select><optgroup><option id=k>y<hr><option>x</optgroup></select>",
    ),
    "the first option is enabled": (
        "select",
        "<option disabled>x</option><!-- a -->",
        "<!-- a --><option disabled>x y</option>",
        "<!-- a --><option title=t>x y</option>",
    ),
    "an option of another group is enabled": (
        "among",
        "<p></p><select><option disabled>x</select>",
        "<p></p><select><option value=v>x</select>",
    ),
    "nodes move in and out of each other": (
        "div",
        '<div id="a"><div id="b"><p id="c">x</p></div></div>',
        '<p id="c">x</p><div id="b"><div id="a"></div></div>',
    ),
    "elements that become those of another namespace": (
        "div",
        "<math><annotation-xml><mi></mi><mi title=t></mi></annotation-xml></math>",
        "x<math><annotation-xml encoding=text/html><mi></mi><mi title=t></mi></annotation-xml></math>",
    ),
    "an element that only browsers know to be empty": (
        "page",
        "<p>x</p>",
        "<keygen title=t></keygen>",
        "<keygen title=t><keygen title=t></keygen></keygen>",
    ),
    "what a table can't hold": (
        "page",
        '<table><input class="a"></table>',
        '<table><input class="b"></table>',
    ),
    "names that only parsers take": ("div", "<p>x</p>", '<p a<b="1" @click=go \'>x</p>'),
    "names of XML": ("svg", '<use xlink:href="#a"/>', '<use xlink:href="#b" viewbox="0 0 1 1"/>'),
    "several changes in one text": (
        "page",
        "<p><button>\n  \nline &nbsp;x</button><i>y</i></p>",
        "<p><button>\n   &nbsp;x\nline</button><i>y</i></p>",
        "<p><button> &nbsp;x\nline\n  </button><i>y</i></p>",
    ),
    "an element that never has content": (
        "page",
        "<ul><li>x<embed></ul>",
        "<ul><li>y<embed></ul>",
        "<ul><li>y<embed><embed></ul>",
    ),
    "a block that ends a paragraph": (
        "page",
        "<p>x</p>",
        "<ul><li><p class=a></p>y</ul>",
        "<ul><li><p class=a><center></center></p>y</ul>",
    ),
    "the end tag of an inner form": (
        "page",
        "<p>x</p>",
        "<form><div><form><i>x</i></form></div></form><svg></svg>",
        "<form><div><form><i>x</i></form></div><ul>y</ul></form><svg></svg>",
    ),
}
"""By what is special about them: the place, and what stands there at one moment after the other."""


@pytest.mark.usefixtures("short_is_long")
@pytest.mark.parametrize("name", FOUND)
def test_what_random_cases_have_found(raw_page: Page, name: str) -> None:
    place, *moments = FOUND[name]
    assert place in PLACES
    assert play(raw_page, [Case(place, tuple(moments))]) == [""]


def change(old: str, new: str) -> dict[str, Any]:
    """Splices of a string that the page came with."""
    return {"s": splices(old, new), "c": checksum(old)}


def test_only_what_differs_is_written(open_page: Open) -> None:
    old = "<ul><li>a</li><li>b</li><li>c</li></ul><p>text</p>"
    new = "<ul><li>a</li><li>B</li><li>c</li></ul><p>text</p>"
    page, server = open_page(f'<div data-l=".">{old}</div>')
    with watching(page) as touched:
        server.patch([0, change(old, new)])
    assert [what for _, what in touched] == ["text"]
    assert page.inner_html("div") == new
    server.patch([0, {"s": splices(new, old)}])
    assert page.inner_html("div") == old


def test_a_page_that_is_no_longer_as_it_was_asks_for_all_of_it(open_page: Open) -> None:
    page, server = open_page('<div data-l="."><p>a</p></div>')
    server.patch([0, change("<p>other</p>", "<p>b</p>")])
    page.wait_for_function("sockets.length === 2")
    server.open()
    assert server.sent[0]["rev"] == -1
    assert page.inner_html("div") == "<p>a</p>"


def test_keyed_elements_move_without_being_made_anew(open_page: Open) -> None:
    rows = [f'<li id="{name}"><input name="{name}"></li>' for name in "abcd"]
    page, server = open_page(f'<ul data-l=".">{"".join(rows)}</ul>')
    page.fill("[name=c]", "typed")
    page.evaluate("items = [...document.querySelectorAll('li')]")
    server.patch([0, {"h": "".join(rows[index] for index in (2, 0, 3))}])
    assert page.evaluate("[...document.querySelectorAll('li')].map(li => items.indexOf(li))") == [2, 0, 3]
    assert page.input_value("[name=c]") == "typed"
    assert page.evaluate("document.activeElement.name") == "c"


@pytest.mark.parametrize("step", [-1, 37], ids=["reverse", "shuffle"])
def test_elements_that_move_are_laid_out_once(open_page: Open, step: int) -> None:
    rows = [f'<li id="r{n}">{n}</li>' for n in range(100)]
    page, server = open_page(f'<ul data-l=".">{"".join(rows)}</ul>')
    order = [n * step % 100 for n in range(100)]
    load_lazy(page)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    with counting_layouts(page) as layouts:
        server.patch([0, {"h": "".join(rows[n] for n in order)}])
    assert page.locator("li").all_inner_texts() == [str(n) for n in order]
    assert layouts[0] <= 1


def test_a_keyed_element_moves_to_another_parent(open_page: Open) -> None:
    page, server = open_page('<div data-l="."><section><p id="k">x</p></section><section></section></div>')
    page.evaluate("mine = document.querySelector('#k')")
    server.patch([0, {"h": '<section></section><section><div><p id="k">y</p></div></section>'}])
    assert page.evaluate("document.querySelector('section + section > div > p') === mine")
    assert page.inner_text("#k") == "y"


def test_what_a_person_or_a_script_changed_stays(open_page: Open) -> None:
    old = "<details><summary>s</summary>d</details><p class=a>x</p><ul><li>1</li></ul>"
    page, server = open_page('<div data-l="."></div>')
    server.patch([0, {"h": old}])
    page.evaluate(
        """() => {
          document.querySelector("details").open = true;
          document.querySelector("p").classList.add("theirs");
          document.querySelector("ul").append(document.createElement("hr"));
        }"""
    )
    new = old.replace(">x<", ">y<").replace("</ul>", "<li>2</li></ul>")
    server.patch([0, {"s": splices(old, new)}])
    assert page.evaluate("document.querySelector('details').open")
    assert page.inner_html("ul") == "<li>1</li><li>2</li><hr>"
    assert page.evaluate("document.querySelector('p').outerHTML") == '<p class="a theirs">y</p>'


def test_a_text_that_an_extension_has_replaced_comes_back_when_it_changes(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div>')
    server.patch([0, {"h": "<p>one <b>two</b></p>"}])
    page.evaluate("document.querySelector('p').firstChild.replaceWith(document.createElement('font'))")
    server.patch([0, {"h": "<p>three <b>two</b></p>"}])
    assert page.inner_html("p") == "three <b>two</b>"


def test_a_control_with_unsent_text_keeps_it(open_page: Open) -> None:
    old = "<input name=a value=1><textarea name=b>1</textarea><select name=c><option>1<option>2</select>"
    page, server = open_page('<form data-l="."></form>')
    server.patch([0, {"h": old}])
    page.fill("[name=a]", "typed")
    page.fill("[name=b]", "typed")
    page.select_option("[name=c]", "2")
    server.patch([0, {"h": old.replace("1", "3").replace("<option>3", "<option>0<option selected>3")}])
    values = page.evaluate("[...document.querySelector('form').elements].map(element => element.value)")
    assert values == ["typed", "typed", "2"]


def test_scripts_of_raw_html_stay_inert(open_page: Open) -> None:
    page, server = open_page('<div data-l="."><script type="text/plain">ran = 1</script></div>')
    server.patch([0, {"h": "<script>ran = 1</script>"}])
    server.patch([0, {"h": "<p>x</p><script>ran = 2</script><script src='data:,ran=3'></script>"}])
    assert page.evaluate("typeof ran") == "undefined"


def test_an_event_attribute_that_comes_is_heeded(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div>')
    server.patch([0, {"h": "<button>x</button>"}])
    server.patch([0, {"h": '<button live-dblclick="go">x</button>'}])
    page.dblclick("button")
    assert [op[2:4] for op in server.ops] == [[1, "go"]]


def test_handlers_under_trusted_types(open_page: Open) -> None:
    """What no script may write is made anew."""
    policy = {"Content-Security-Policy": "require-trusted-types-for 'script'"}
    page, server = open_page('<div data-l="."></div>', headers=policy, errors=True)
    server.patch([0, {"h": '<button title="a">x</button><p>y</p>'}])
    server.patch([0, {"h": '<button title="b" onclick="f()">x</button><p>z</p>'}])
    assert page.inner_html("div") == '<button title="b" onclick="f()">x</button><p>z</p>'


def test_of_long_html_only_the_named_nodes_are_parsed(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div>')
    rows = "".join(f"<p>row {n}</p>" for n in range(5))
    server.patch([0, {"h": rows}])
    page.evaluate(
        """() => {
          parsed = [];
          const { get, set } = Object.getOwnPropertyDescriptor(Element.prototype, "innerHTML");
          const note = function (html) { parsed.push(String(html)); set.call(this, html); };
          Object.defineProperty(Element.prototype, "innerHTML", { get, set: note });
        }"""
    )
    new = rows.replace("row 3", "new 3")
    at = rows.index("row 3")
    edit, digest = [[[3], 0, 1, at, 5, at, 5]], checksum(" 5;p 1;")[1]
    server.patch([0, {"s": splices(rows, new), "e": edit, "d": digest}])
    assert page.evaluate("parsed") == ["new 3"]
    assert page.inner_html("div") == new
    server.patch([0, {"s": splices(new, rows), "e": [[[3], 0, 1, at, 5, at, 5]], "d": 1}])  # of another page
    assert page.evaluate("parsed.at(-1)") == rows
    assert page.inner_html("div") == rows
