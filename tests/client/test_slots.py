"""Patches of slots: exactly what changed, nothing else."""

from __future__ import annotations

import pytest

from tests.chromium.observe import watching
from tests.client.conftest import Open


def test_text_among_siblings(open_page: Open) -> None:
    page, server = open_page("<p>Hello <!--(-->Ada<!--)-->!</p>")
    server.patch([0, "Grace"])
    assert page.inner_html("p") == "Hello <!--(-->Grace<!--)-->!"
    server.patch([0, ""])
    assert page.inner_html("p") == "Hello <!--(--><!--)-->!"
    server.patch([0, "a <b>"])
    assert page.inner_html("p") == "Hello <!--(-->a &lt;b&gt;<!--)-->!"


def test_whole_content_and_attributes(open_page: Open) -> None:
    page, server = open_page('<p class="a" data-l="class * .">x</p>')
    server.patch([0, "b", 1, ["hidden", "", "lang", "en"], 2, "y"])
    assert page.inner_html("body") == '<p class="b" data-l="class * ." hidden="" lang="en">y</p>'
    server.patch([0, None, 1, ["lang", "de", "hidden", None]])
    assert page.inner_html("body") == '<p data-l="class * ." lang="de">y</p>'


def test_names_of_a_start_tag_that_the_page_came_with(open_page: Open) -> None:
    page, server = open_page('<button disabled id="b" data-l="*">x</button>')
    server.patch([0, ["disabled", None, "title", "t"]])
    assert page.inner_html("body") == '<button id="b" data-l="*" title="t">x</button>'


def test_numbers_count_attributes_before_content_and_skip_what_is_inside(open_page: Open) -> None:
    page, server = open_page(
        '<p title="t" data-l="title">a <b data-l=".">b</b> <!--(--><i data-l=".">in</i><!--)--></p>'
        '<p data-l=".">c</p>'
    )
    server.patch([1, "B", 3, "C", 2, [0, "IN"], 0, "T"])
    assert page.locator("b, i, body > p:last-child").all_inner_texts() == ["B", "IN", "C"]
    assert page.get_attribute("p", "title") == "T"


def test_one_text_is_one_mutation(open_page: Open) -> None:
    page, server = open_page('<p data-l=".">one</p><p class="x" data-l="class .">two</p>')
    with watching(page) as touched:
        server.patch([0, "1"])
    assert [change for _, change in touched] == ["text"]
    with watching(page) as touched:
        server.patch([1, "y"])
    assert [change for _, change in touched] == ["class"]


def test_a_text_that_grows(open_page: Open) -> None:
    page, server = open_page('<p data-l=".">one</p><p>a <!--(-->😀 “two”<!--)--> z</p>')
    with watching(page) as touched:
        server.patch([0, {"a": " more"}, 1, {"a": " more", "b": 1}])
    assert [change for _, change in touched] == ["text", "text"]
    assert page.locator("p").all_inner_texts() == ["one more", "a 😀 “two more” z"]
    server.patch([0, "", 1, {"a": "😀", "b": 1}])
    assert page.locator("p").all_inner_texts() == ["", "a 😀 “two more😀” z"]


def test_a_text_that_grows_beside_its_translation(open_page: Open) -> None:
    page, server = open_page('<p data-l=".">one</p>')
    page.evaluate("document.querySelector('p').innerHTML = '<font>eins</font>'")
    server.patch([0, {"a": " two"}])
    server.patch([0, {"a": " three"}])
    assert page.inner_html("p") == "<font>eins</font> two three"


def test_what_was_typed_stays_while_a_text_grows(open_page: Open) -> None:
    page, server = open_page('<textarea data-l=".">one</textarea>')
    server.patch([0, {"a": " two"}])
    assert page.input_value("textarea") == "one two"
    page.fill("textarea", "mine")
    server.patch([0, {"a": " three"}])
    assert page.input_value("textarea") == "mine"
    assert page.evaluate("document.querySelector('textarea').defaultValue") == "one two three"


def test_a_selection_around_the_change_stays(open_page: Open) -> None:
    page, server = open_page('<p data-l=".">tick 1 tock</p>')
    page.evaluate("getSelection().setBaseAndExtent(p0 = document.querySelector('p').firstChild, 1, p0, 11)")
    server.patch([0, "tick 23 tock"])
    assert page.evaluate("String(getSelection())") == "ick 23 tock"


def test_a_fragment_takes_the_place_of_text_and_gives_it_back(open_page: Open) -> None:
    page, server = open_page("<div><!--(-->none<!--)--></div>")
    server.patch([0, {"f": [1, "x", "c"]}], shapes=[1, '<b class="" data-l="class .">static</b> and more'])
    assert page.inner_html("div") == '<!--(--><b class="x" data-l="class .">c</b> and more<!--)-->'
    server.patch([0, [1, "d"]])
    assert page.inner_text("b") == "d"
    server.patch([0, {"f": [1, "y", "e"]}])
    assert page.get_attribute("b", "class") == "y"
    server.patch([0, "text"])
    assert page.inner_html("div") == "<!--(-->text<!--)-->"


def test_fragments_in_fragments(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div>')
    shapes = [1, "<p>a <!--(--><!--)--></p>", 2, '<i title="" data-l="title .">t</i>']
    server.patch([0, {"f": [1, [2, "t", "in"]]}], shapes=shapes)
    assert page.inner_text("p") == "a in"
    server.patch([0, [0, [1, "changed"]]])
    assert page.inner_text("p") == "a changed"
    server.patch([0, [0, {"f": [2, "u", "new"]}]])
    assert page.get_attribute("i", "title") == "u"


def test_raw_html(open_page: Open) -> None:
    page, server = open_page("<div><!--(-->none<!--)--></div>")
    server.patch([0, {"h": "<b>bold</b> &amp; <i>more</i>"}])
    assert page.inner_html("div") == "<!--(--><b>bold</b> &amp; <i>more</i><!--)-->"
    server.patch([0, {"h": ""}])
    assert page.inner_html("div") == "<!--(--><!--)-->"


def test_scripts_that_arrive_do_not_run(open_page: Open) -> None:
    page, server = open_page("<div><!--(--><!--)--></div>")
    server.patch([0, {"h": "<script>window.ran = 1</script><b>x</b>"}])
    server.patch([0, {"f": [1]}], shapes=[1, "<script>window.ran = 1</script><b>y</b>"])
    assert page.inner_text("b") == "y"
    assert page.evaluate("window.ran") is None


@pytest.mark.parametrize("element", ["title", "textarea", "style", "noscript", "option"])
def test_elements_whose_content_is_text(open_page: Open, element: str) -> None:
    inner = f'<{element} data-l=".">a</{element}>'
    page, server = open_page(f"<select>{inner}</select>" if element == "option" else inner)
    server.patch([0, "<b> & c"])
    assert page.evaluate("name => document.querySelector(`body ${name}`).textContent", element) == "<b> & c"
    server.patch([0, ""])
    assert page.evaluate("name => document.querySelector(`body ${name}`).textContent", element) == ""


def test_title_in_head(open_page: Open) -> None:
    page, server = open_page('<p data-l=".">x</p>', head='<meta name="d" content="c" data-l="content">')
    server.patch([0, "C", 1, "y"])
    assert page.get_attribute("meta[name=d]", "content") == "C"
    assert page.inner_text("p") == "y"


def test_content_of_a_template_element(open_page: Open) -> None:
    page, server = open_page('<template data-l="."><b>a</b></template>')
    server.patch([0, {"h": "<i>b</i>"}])
    assert page.evaluate("document.querySelector('template').innerHTML") == "<i>b</i>"


def test_foreign_content(open_page: Open) -> None:
    page, server = open_page('<svg viewBox="0 0 9 9" data-l="viewBox"><!--(--><!--)--></svg>')
    server.patch(
        [0, "0 0 8 8", 1, {"f": [1, "3"]}], shapes=[1, ['<svg><circle r="1" data-l="r"></circle></svg>']]
    )
    svg = "document.querySelector('circle') instanceof SVGCircleElement"
    assert page.evaluate(svg)
    assert page.get_attribute("svg", "viewBox") == "0 0 8 8"
    assert page.get_attribute("circle", "r") == "3"
    server.patch([1, {"h": '<circle r="4"/>'}])
    assert page.evaluate(svg)
    server.patch([1, {"f": [2]}], shapes=[2, ["<svg><foreignObject><p>html</p></foreignObject></svg>"]])
    assert page.evaluate("document.querySelector('p') instanceof HTMLParagraphElement")


def test_rows_in_a_shape_are_rows(open_page: Open) -> None:
    page, server = open_page('<table><tbody data-l="."></tbody></table>')
    server.patch([0, {"f": [1, "cell"]}], shapes=[1, '<tr><td data-l="."></td></tr>'])
    assert page.evaluate("document.querySelector('tbody').rows[0].cells[0].textContent") == "cell"


def test_noscript_in_a_shape_is_text_as_in_the_page(open_page: Open) -> None:
    """Its controls would be posted else, and its meta elements heeded."""
    page, server = open_page('<form id="f"><!--(--><!--)--></form>')
    server.patch([0, {"f": [1]}], shapes=[1, "<noscript><input name=a value=1></noscript>"])
    assert page.evaluate("document.getElementById('f').elements.length") == 0
    assert page.evaluate("document.querySelector('noscript').textContent") == "<input name=a value=1>"


def test_styles_are_written_through_the_object_model(open_page: Open) -> None:
    policy = {
        "Content-Security-Policy": "style-src 'self'; script-src 'self'; require-trusted-types-for 'script'"
    }
    page, server = open_page('<p data-l="style *">x</p><div data-l="."></div>', headers=policy)
    server.patch([0, "color: red", 2, {"h": "<b>x</b>"}])
    assert page.evaluate("document.querySelector('p').style.color") == "red"
    server.patch([0, None, 1, ["style", "color: blue"]])
    assert page.evaluate("document.querySelector('p').style.color") == "blue"


def test_comments_of_the_author_are_no_markers(open_page: Open) -> None:
    page, server = open_page("<!--[if IE]>x<![endif]--><!--( a )--><p>a <!--(-->b<!--)--></p><!--,-->")
    server.patch([0, "c"])
    assert page.inner_text("p") == "a c"


def test_what_a_person_or_a_widget_changed_stays(open_page: Open) -> None:
    page, server = open_page(
        '<details data-l="*"><summary data-l=".">a</summary>b</details>'
        '<p class="a" title="t" data-l="class title">x</p>'
    )
    page.evaluate(
        "document.querySelector('details').open = true; document.querySelector('p').className = 'mine'"
    )
    server.patch([1, "A", 3, "T"])
    assert page.evaluate("document.querySelector('details').open")
    assert page.get_attribute("p", "class") == "mine"


@pytest.mark.parametrize(
    ("element", "name"),
    [("<video></video>", "muted"), ("<details></details>", "open"), ("<button></button>", "disabled")],
)
def test_attributes_and_their_properties(open_page: Open, element: str, name: str) -> None:
    tag = element[1 : element.index(">")]
    page, server = open_page(element.replace(">", ' data-l="*">', 1))
    for value, pairs in [(True, [name, ""]), (False, [name, None]), (True, [name, ""])]:
        server.patch([0, pairs])
        assert page.evaluate("([tag, name]) => document.querySelector(tag)[name]", [tag, name]) is value


def test_shapes_come_with_the_properties_of_their_values(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div>')
    html = '<input value="" data-l="value"><input type="checkbox" data-l="*"><video data-l="*"></video>'
    server.patch([0, {"f": [1, "v", ["checked", ""], ["muted", ""]]}], shapes=[1, html])
    state = "[...document.querySelectorAll('div > *')].map(e => [e.value, e.checked, e.muted])"
    assert page.evaluate(state) == [["v", False, None], ["on", True, None], [None, None, True]]


def test_a_dynamic_name_that_stays_is_not_written_again(open_page: Open) -> None:
    """The list of names comes whole: what was unticked since stays so when another name changes."""
    page, server = open_page('<input type="checkbox" data-l="*">')
    server.patch([0, ["checked", ""]])
    page.uncheck("input")
    server.patch([0, ["checked", "", "title", "t"]])
    assert not page.is_checked("input")
