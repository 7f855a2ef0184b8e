"""Random templates over everything that a template may contain, and random states for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from markupsafe import Markup

Draw = st.DrawFn

WORDS = ("x", "a &amp; b", " ", "\n  ", "1 &lt; 2", "é", "two words ", "&copy;")
# Those that lxml nests as browsers do: not HTML 5's, which end a ``p``, nor ``b``, which it ends before one.
ELEMENTS = ("div", "code", "span", "blockquote", "em")
VALUES = ("", "a", "b", '<i> & "q"', "'", "0", " c ", "<!--)-->")
RAW = ("", "plain", "<u>u</u>", "a &amp; b", "<i>1</i><i>2</i>", "<!--(-->", "<p>open", "x</p>")
EXPRESSIONS = (
    "a",
    "b",
    "n",
    "raw|safe",
    "a|upper",
    "a ~ b",
    "n + 1",
    "'yes' if flag",
    "'yes' if flag else b",
    "raw",
    "nothing",
    "none",
    "xs|join(', ')",
    "row.label",
    "pair[0]",
    "flag",
    "n|string|safe",
    "'&amp;'|safe",
    "point.x",
)


@dataclass(frozen=True)
class Row:
    """An item with an identity."""

    id: int
    label: str


@dataclass(frozen=True)
class Point:
    x: int


@dataclass
class Mutable:
    """An item that may change behind one's back."""

    id: int
    label: str


def state(draw: Draw) -> dict[str, Any]:
    """Values for the names that templates use."""
    ids = draw(st.lists(st.integers(0, 7), max_size=6, unique=draw(st.booleans())))
    labels = draw(st.lists(st.sampled_from(VALUES), min_size=len(ids), max_size=len(ids)))
    kind = draw(st.sampled_from((_row, _row, Mutable, _entry)))
    return {
        "a": draw(st.sampled_from(VALUES)),
        "b": draw(st.sampled_from(VALUES)),
        "n": draw(st.sampled_from((0, 1, 2, True, 1.0))),
        "flag": draw(st.booleans()),
        "raw": draw(st.sampled_from(RAW)),
        "xs": draw(st.lists(st.sampled_from(("", "p", "q", "r", Markup("<s>m</s>"))), max_size=4)),
        "rows": tuple(kind(id, label) for id, label in zip(ids, labels, strict=True)),
        "pairs": draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(VALUES)), max_size=3)),
        "pair": (1, "two"),
        "row": _row(9, "nine"),
        "point": Point(draw(st.integers(0, 1))),
        "selected": draw(st.integers(0, 7)),
    }


_rows: dict[tuple[int, str], Row] = {}


def _row(id: int, label: str) -> Row:
    """The same object for the same values, as in a tuple of frozen items that is changed in places."""
    return _rows.setdefault((id, label), Row(id, label))


def _entry(id: int, label: str) -> dict[str, Any]:
    return {"id": id, "label": label}


@st.composite
def states(draw: Draw) -> list[dict[str, Any]]:
    """Some states that follow each other, each a little different from the last."""
    found = [state(draw)]
    for _ in range(draw(st.integers(1, 3))):
        fresh = state(draw)
        changed = draw(st.sets(st.sampled_from(sorted(fresh)), max_size=4))
        found.append({name: fresh[name] if name in changed else found[-1][name] for name in fresh})
    return found


@st.composite
def templates(draw: Draw) -> dict[str, str]:
    """A template "page", and those that it extends, includes and imports."""
    body = _content(draw, 3)
    macro = _own(_content(draw, 1))
    macros = f"{{% macro m(p, q=1) %}}{macro}{{{{ p }}}}{{{{ caller() if caller }}}}{{% endmacro %}}"
    found = {
        "inc": _own(_content(draw, 2)),
        "lib": macros,
        "alone": draw(st.sampled_from(("<i>alone</i>", "t"))),
    }
    use = "{% from 'lib' import m with context %}"
    if draw(st.booleans()):
        found["base"] = _page(
            "{% block main %}" + _own(_content(draw, 1)) + "{% endblock %}<hr>{% block two %}2{% endblock %}"
        )
        found["page"] = f"{{% extends 'base' %}}{use}{{% block main %}}{use}{body}{{% endblock %}}"
    else:
        found["page"] = _page(use + body)
    return found


def _own(content: str) -> str:
    """Content that calls or includes nothing, so that nothing is without an end."""
    calls = ("m(", "'inc'", "without context")  # the last for the reason that _captured gives
    return "{{ a }}<i>{{ b }}</i>" if any(call in content for call in calls) else content


def _captured(draw: Draw, depth: int) -> str:
    """Content that is collected before it is shown: there Jinja2 mistakes an include without context."""
    return _content(draw, depth).replace("'alone' without context", "'alone'")


def _page(body: str) -> str:
    return f"<!DOCTYPE html><html><head><title>T {{{{ a }}}}</title></head><body>{body}</body></html>"


def _content(draw: Draw, depth: int) -> str:
    return "".join(_piece(draw, depth) for _ in range(draw(st.integers(0, 4 if depth else 2))))


def _expression(draw: Draw) -> str:
    return draw(st.sampled_from(EXPRESSIONS))


def _piece(draw: Draw, depth: int) -> str:
    simple = (_text, _text, _output, _output, _void, _comment, _set)
    nested = (_element, _element, _element, _if, _if, _for, _for, _rows_loop, _table, _macro, _more)
    make: Callable[[Draw, int], str] = draw(st.sampled_from(simple + nested if depth > 0 else simple))
    return make(draw, depth - 1)


def _text(draw: Draw, depth: int) -> str:
    return draw(st.sampled_from(WORDS))


def _output(draw: Draw, depth: int) -> str:
    return f"{{{{ {_expression(draw)} }}}}"


def _void(draw: Draw, depth: int) -> str:
    return draw(st.sampled_from(("<br>", '<input value="{{ a }}" {% if flag %}checked{% endif %}>', "<hr/>")))


def _comment(draw: Draw, depth: int) -> str:
    return draw(
        st.sampled_from(
            (
                "<!-- c -->",
                "<!-- {{ n }} -->",
                "{# none #}",
                "<!--(-->",
                "<!--,-->",
                "<script>var x = {{ n }};</script>",
            )
        )
    )


def _set(draw: Draw, depth: int) -> str:
    return draw(
        st.sampled_from(
            (
                "{% set b = a ~ 'k' %}",
                "{% set a %}{{ b }}<i>s</i>{% endset %}",
                "{% with b = n %}{{ b }}{% endwith %}",
                "{% with %}{% set n = 7 %}<i>{{ n }}</i>{% endwith %}",
                "{% do xs|list %}",
            )
        )
    )


def _attributes(draw: Draw) -> str:
    choices = (
        "",
        ' class="c"',
        ' class="{{ a }}"',
        ' class="c {{ a }} {% if flag %}on{% endif %}"',
        " title='{{ b }}'",
        " title={{ n }}",
        ' title="{% for x in xs %}{{ x }}-{% endfor %}"',
        " {% if flag %}hidden{% endif %}",
        ' {% if flag %}lang="{{ a }}"{% else %}dir="ltr"{% endif %}',
        ' {{ {"data-a": a, "data-n": n}|xmlattr }}',
        ' data-x-{{ n }}="{{ a }}"',
        ' href="?a=1&copy={{ n }}&amp;b"',
    )
    return "".join(draw(st.lists(st.sampled_from(choices), max_size=2, unique_by=lambda c: c[:7])))


def _element(draw: Draw, depth: int) -> str:
    name = draw(st.sampled_from(ELEMENTS))
    # In a textarea what looks like a marker stays: plain HTML, neutralised as a whole, is no measure for it.
    text = _output(draw, 0).replace("raw|safe", "raw|upper")
    special = (
        f"<textarea{_attributes(draw)}>t{text}</textarea>",
        "<svg viewbox='0 0 1 1'><g>{% for x in xs %}<circle r='{{ x }}'/>{% endfor %}</g></svg>",
        "<svg><g>{% if flag %}<path d='{{ a }}'></path>{% endif %}</g></svg>",
        f"<select><option {{% if flag %}}selected{{% endif %}}>{_output(draw, 0)}</option></select>",
        f"<template><i>{_output(draw, 0)}</i></template>",
        "<p>{{ a }}<p>{{ b }}</p>",
    )
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(special))
    return f"<{name}{_attributes(draw)}>{_content(draw, depth)}</{name}>"


def _if(draw: Draw, depth: int) -> str:
    test = draw(st.sampled_from(("flag", "n == 1", "a", "not flag", "rows", "point.x")))
    kind = draw(st.integers(0, 8))
    if kind == 0:  # not a tree of its own
        return (
            f"{{% if {test} %}}<div>{{% endif %}}{_content(draw, depth)}{{% if {test} %}}</div>{{% endif %}}"
        )
    middle = f"{{% elif b %}}{_content(draw, depth)}" if kind < 3 else ""
    other = f"{{% else %}}{_content(draw, depth)}" if kind % 2 else ""
    return f"{{% if {test} %}}{_content(draw, depth)}{middle}{other}{{% endif %}}"


def _for(draw: Draw, depth: int) -> str:
    head = draw(
        st.sampled_from(
            ("for a in xs", "for x in xs if x", "for k, b in pairs", "for x in [1, 2]", "for x in xs|sort")
        )
    )
    loop = draw(
        st.sampled_from(("", "", "{{ loop.index }}", "{{ loop.last }}", "{{ loop.cycle('o', 'e') }}"))
    )
    jump = draw(st.sampled_from(("", "", "", "", "{% if loop.index == 2 %}{% continue %}{% endif %}")))
    other = f"{{% else %}}{_content(draw, depth)}" if draw(st.booleans()) else ""
    return f"{{% {head} %}}{_content(draw, depth)}{loop}{jump}{_content(draw, depth)}{other}{{% endfor %}}"


def _rows_loop(draw: Draw, depth: int) -> str:
    head = draw(st.sampled_from(("for row in rows", "for row in rows if row.id > 2", "for row in rows|list")))
    space = draw(st.sampled_from(("", "\n  ", " ")))
    key = draw(st.sampled_from(("", ' id="r{{ row.id }}"', ' data-key="{{ row.label }}"')))
    mark = draw(
        st.sampled_from(("", ' class="{{ "danger" if row.id == selected }}"', ' title="{{ n }}{{ row.id }}"'))
    )
    inner = draw(
        st.sampled_from(
            (
                "{{ row.label }}",
                "<i>{{ row.id }}</i>{{ row.label }}",
                "{% if row.id == selected %}<b>!</b>{% endif %}{{ row.id }} {{ a }}",
                "{{ loop.index }} {{ row.label }}",
                "{% for x in xs %}<i>{{ x }}</i>{% endfor %}{{ row.label|upper }}",
                "{% set c = row.label %}{{ c }}",
                "{{ m(row.id) }}",
                _content(draw, depth),
            )
        )
    )
    other = draw(st.sampled_from(("", "{% else %}<li>none</li>", "{% else %}nothing")))
    return f"<ul>{{% {head} %}}{space}<li{key}{mark}>{inner}</li>{space}{other}{{% endfor %}}</ul>"


def _table(draw: Draw, depth: int) -> str:
    row = "<tr>{% for row in rows %}<td>{{ row.id }}</td>{% endfor %}</tr>"
    body = draw(
        st.sampled_from(
            (
                f"{{% for x in xs %}}{row}{{% endfor %}}",
                "<tbody>{% for row in rows %}<tr><td>{{ row.label }}</td></tr>{% endfor %}</tbody>",
                f"{{% if flag %}}{row}{{% endif %}}",
                row,
            )
        )
    )
    return f"<table>{body}</table>"


def _macro(draw: Draw, depth: int) -> str:
    choices = (
        "{{ m(a) }}",
        "{{ m(n, q=b) }}",
        f"{{% call m(a) %}}{_captured(draw, depth)}{{% endcall %}}",
        "{{ m(a)|upper }}",
        "{{ m('x') ~ 'y' }}",
        # Not what it is: markup in an attribute may be spelled in other ways, which filters see.
        '<a title="{{ b if m(n)|striptags }}">t</a>',
        "<em>text {{ m(b) }}</em>",
    )
    return draw(st.sampled_from(choices))


def _more(draw: Draw, depth: int) -> str:
    choices = (
        "{% include 'inc' %}",
        "{% include 'alone' without context %}",
        "{% include ['missing', 'alone'] %}",
        "{% include 'missing' ignore missing %}",
        f"{{% filter upper %}}{_captured(draw, depth)}{{% endfilter %}}",
        "{% autoescape false %}{{ raw }}{% endautoescape %}",
        "{% raw %}{{ raw }}{% endraw %}",
        "{{ '{{' }}",
        "<{{ 'em' if flag else 'i' }}>d</{{ 'em' if flag else 'i' }}>",
        "{% set ns = namespace(k=0) %}{% for x in xs %}{% set ns.k = ns.k + 1 %}{{ ns.k }}{% endfor %}",
    )
    return draw(st.sampled_from(choices))
