"""What literal HTML with placeholders consists of."""

from __future__ import annotations

from typing import Any

import pytest

from liveactions.html.tokenizer import (
    Attribute,
    Comment,
    Declaration,
    EndTag,
    Event,
    NotTrackable,
    Placeholder,
    RawText,
    StartTag,
    Text,
    head_end,
    is_document,
    scan,
)

SLOT = object()


def events(*pieces: Any, foreign: bool = False) -> list[Event]:
    return list(scan(pieces, foreign=foreign))


def attributes(*pieces: Any) -> list[tuple[str | None, Any]]:
    """Name and value of the attributes of the tag that comes first."""
    tag = events(*pieces)[0]
    assert isinstance(tag, StartTag)
    return [(one.name, one.value) for one in tag.attributes]


def test_texts_tags_and_placeholders_know_their_lines() -> None:
    assert events("<!doctype html>\n<P>a\n", SLOT, "</P ><!-- ", SLOT, " -->") == [
        Declaration("<!doctype html>", 1),
        Text("\n", 1),
        StartTag("P", [], False, 2),
        Text("a\n", 2),
        Placeholder(SLOT, 3),
        EndTag("p", "</P >", 3),
        Comment([" ", SLOT, " "], 3),
    ]


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        (["<a HREF='x' b=c d>"], [("href", ["x"]), ("b", ["c"]), ("d", None)]),
        (["<a b = 'x>y'>"], [("b", ["x>y"])]),
        (['<a b="x', SLOT, 'y">'], [("b", ["x", SLOT, "y"])]),
        (["<a b=", SLOT, "y c>"], [("b", [SLOT, "y"]), ("c", None)]),
        (["<a ", SLOT, ">"], [(None, [SLOT])]),
        (
            ["<a data-", SLOT, '="x y" c>'],
            [(None, ["data-", SLOT, "=", '"', "x", " ", "y", '"']), ("c", None)],
        ),
    ],
)
def test_attributes(pieces: list[Any], wanted: list[Any]) -> None:
    assert attributes(*pieces) == wanted


def test_attributes_with_placeholders_are_dynamic() -> None:
    assert not Attribute("a", ["x"], 1).dynamic
    assert not Attribute("a", None, 1).dynamic
    assert Attribute("a", ["x", SLOT], 1).dynamic
    assert Attribute(None, ["x"], 1).dynamic


@pytest.mark.parametrize("name", ["script", "style", "textarea", "title"])
def test_tags_in_raw_text_are_text(name: str) -> None:
    raw, end = events(f"<{name}><b>", SLOT, f"</B></{name.upper()}>")[1:]
    assert raw == RawText(["<b>", SLOT, "</B>"], 1)
    assert isinstance(end, EndTag) and end.name == name


def test_title_and_style_in_a_drawing_hold_tags() -> None:
    found = events("<svg><title><b></b></title></svg>")
    assert not any(isinstance(one, RawText) for one in found)
    assert events("<style><b>", foreign=True)[1] == StartTag("b", [], False, 1)


def test_what_begins_no_tag_is_text() -> None:
    assert events("a < b <3") == [Text("a ", 1), Text("<", 1), Text(" b ", 1), Text("<", 1), Text("3", 1)]


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        (["<p"], "a tag isn't closed"),
        (["<p a=b"], "a tag isn't closed"),
        (["<p ", SLOT], "a tag isn't closed"),
        (["<p a='b>"], '"\'" is missing'),
        (["<!-- x"], "'-->' is missing"),
        (["<", SLOT, ">"], "an element's name is dynamic"),
        (["<h", SLOT, ">"], "an element's name is dynamic"),
        (["<!doctype ", SLOT, ">"], "a declaration is dynamic"),
        (["<script>x"], "'</script' is missing"),
    ],
)
def test_what_can_not_be_tracked(pieces: list[Any], why: str) -> None:
    with pytest.raises(NotTrackable) as caught:
        events(*pieces)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("html", "yes"),
    [
        ("<!DOCTYPE html><p>", True),
        (" <!-- a --> <html>", True),
        ("<body>", True),
        ("<header>", False),
        ("<title>t</title>", False),
        ("text <html>", False),
    ],
)
def test_documents_begin_with_their_skeleton(html: str, yes: bool) -> None:
    assert is_document(html) is yes


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", "<p>x"),
        ("<title>t</title>", "<p>x"),
        ("<!doctype html><html><head><meta charset=utf-8>", "</head><body>"),
        ("<script>'<p>'</script>", "text"),
        ("<!--(--><title>t</title><!--)-->", "<p>"),
        ("<title>t</title>", "<!--(--><!--)--><p>"),
        ("", "<!--(--><title>t</title><p>"),
    ],
)
def test_where_the_head_ends(head: str, body: str) -> None:
    assert head_end(head + body) == len(head)
