"""Markup that means something else in another place: SVG, MathML, tables, selects."""

from __future__ import annotations

from tests.chromium.stage import Stage

SVG = "http://www.w3.org/2000/svg"
MATH = "http://www.w3.org/1998/Math/MathML"
NAMESPACES = "[...t.querySelectorAll('*')].map(node => [node.namespaceURI, node.localName])"
FRESH = """async () => {
  const fresh = new DOMParser().parseFromString(await (await fetch(location)).text(), "text/html");
  const plain = (root, id) => {
    const copy = root.getElementById(id).cloneNode(true);
    const walker = document.createTreeWalker(copy, NodeFilter.SHOW_COMMENT);
    const comments = [];
    while (walker.nextNode()) comments.push(walker.currentNode);
    comments.forEach(comment => comment.remove());
    copy.normalize();
    return copy;
  };
  return Array.from(document.querySelectorAll("[id^='scene-']"), ({ id }) => {
    const [own, other] = [document, fresh].map(root => plain(root, id));
    return own.isEqualNode(other) ? "" : `${own.outerHTML}\\n${other.outerHTML}\\n`;
  }).join("");
}"""
"""The scenes that don't show what a fresh load would show."""

SCENES = {
    "svg": """<svg id="scene-ID" class="{{ mood }}" viewBox="0 0 9 9">{% for o in order %}<circle r="{{ o|length }}"/>{% endfor %}
        <text>{{ inside }}</text>{% if inside == "content" %}<linearGradient id="g"/>{% else %}<path d="M0 0"/>{% endif %}
        <foreignObject><p>{{ note }}</p>{% if mood == "glad" %}<b>glad</b>{% endif %}</foreignObject></svg>""",
    "svg fragment": """<svg id="scene-ID"><g>{% if inside != "content" %}<a href="#{{ note }}"><title>{{ note }}</title>
        <rect class="{{ mood }}"/></a>{% endif %}</g></svg>""",
    "mathml": """<math id="scene-ID" class="{{ mood }}"><mrow>{% for o in order %}<mi>{{ o }}</mi>{% endfor %}
        {% if inside == "content" %}<mn>1</mn>{% else %}<mfrac><mn>{{ note }}</mn><mi>x</mi></mfrac>{% endif %}</mrow></math>""",
    "table": """<table id="scene-ID" class="{{ mood }}"><caption>{{ inside }}</caption>
        <colgroup>{% for o in order %}<col class="{{ o }}">{% endfor %}</colgroup>
        <thead><tr>{% for o in order %}<th>{{ o }}</th>{% endfor %}</tr></thead>
        <tbody>{% for o in order %}<tr><td>{{ o }}</td>{% if inside == "content" %}<td>{{ note }}</td>{% endif %}</tr>
        {% endfor %}</tbody></table>""",
    "parts of tables that come": """<table id="scene-ID">{% if inside != "content" %}<caption>{{ note }}</caption>
        <colgroup><col class="{{ mood }}"></colgroup>{% endif %}<tbody>{% if inside != "content" %}<tr><td>{{ inside }}</td>
        </tr>{% endif %}<tr>{% if inside != "content" %}<th>{{ note }}</th><td>{{ note }}</td>{% endif %}</tr></tbody></table>""",
    "table without tbody": """<table id="scene-ID" class="{{ mood }}">{% for o in order %}<tr><td>{{ o }}<td>{{ note }}</tr>{% endfor %}
        </table>""",
    "select": """<select id="scene-ID" class="{{ mood }}">{% if inside != "content" %}<optgroup label="{{ note }}">{% for o in order %}
        <option value="{{ o }}">{{ o }}</option>{% endfor %}</optgroup>{% endif %}<option>{{ inside }}</option></select>""",
    "datalist": """<div id="scene-ID"><input list="d"><datalist id="d">{% for o in order %}<option value="{{ o }}">{% endfor %}
        </datalist></div>""",
    "list": """<ul id="scene-ID">{% for o in order %}<li>{{ o }}{% if inside != "content" %}<ul><li>{{ note }}</ul>{% endif %}{% endfor %}</ul>""",
    "definitions": """<dl id="scene-ID">{% for o in order %}<dt>{{ o }}<dd class="{{ mood }}">{{ inside }}{% endfor %}</dl>""",
    "template": """<div id="scene-ID"><template><tr><td>{{ inside }}</td></tr></template><p>{{ note }}</p></div>""",
    "raw text": """<div id="scene-ID"><style>.{{ mood }} { color: red }</style><textarea>
{{ inside }}</textarea><title>{{ note }}</title><p>{{ note }}</p></div>""",
    "picture": """<picture id="scene-ID">{% if inside != "content" %}<source srcset="data:,{{ mood }}">{% endif %}<img alt="{{ note }}">
        </picture>""",
    "ruby": """<ruby id="scene-ID">{% for o in order %}{{ o }}<rp>(</rp><rt>{{ inside }}</rt><rp>)</rp>{% endfor %}</ruby>""",
    "details": """<details id="scene-ID">{% if inside != "content" %}<summary>{{ note }}</summary>{% endif %}{{ note }}</details>""",
    "pre": """<div id="scene-ID">{% if inside != "content" %}<pre>

{{ note }}
 two</pre>{% endif %}</div>""",
}


def test_what_is_shown_is_what_a_fresh_load_would_show(stage: Stage) -> None:
    scenes = (scene.replace("ID", name.replace(" ", "-")) for name, scene in SCENES.items())
    tab = stage.open("\n".join(scenes))
    assert tab.locator("[id^='scene-']").count() == len(SCENES)
    assert tab.evaluate(FRESH) == ""
    for _ in stage.pushes():
        assert tab.evaluate(FRESH) == ""
    for values in (
        {"inside": "content", "order": ["here"]},
        {"mood": "glad", "order": ["here"]},
        {"order": ["here"]},
        {"order": ["here", "here", "new"], "inside": "x"},
    ):
        stage.push(**values)
        assert tab.evaluate(FRESH) == ""


def test_namespaces(stage: Stage) -> None:
    scene = """<div id="t">{% if inside != "content" %}<svg><circle/><foreignObject><p></p></foreignObject></svg>
    <math><mi>x</mi></math>{% endif %}</div>"""
    tab = stage.open(scene)
    stage.push(inside="drawn")
    html = "http://www.w3.org/1999/xhtml"
    assert tab.evaluate(NAMESPACES) == [
        [SVG, "svg"],
        [SVG, "circle"],
        [SVG, "foreignObject"],
        [html, "p"],
        [MATH, "math"],
        [MATH, "mi"],
    ]


def test_raw_html_in_the_middle_of_a_drawing(stage: Stage) -> None:
    tab = stage.open("""<svg id="t"><g>{{ inside|safe }}</g></svg>""", inside="<circle/>")
    stage.push(inside='<rect/><text xlink:href="#x">words</text>')
    assert tab.evaluate(NAMESPACES) == [[SVG, "g"], [SVG, "rect"], [SVG, "text"]]
    assert (
        tab.evaluate("t.querySelector('text').attributes[0].namespaceURI") == "http://www.w3.org/1999/xlink"
    )
