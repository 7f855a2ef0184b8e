"""What browsers repair is said. (That they do is tested in tests/client/.)"""

from __future__ import annotations

import pytest

from liveactions.html.lint import repairs
from tests.html.nesting import KEPT, REPAIRED, UNCLOSED


def document(body: str) -> str:
    return f"<!doctype html>\n<html><head><title>T</title></head><body>{body}</body></html>"


@pytest.mark.parametrize(("body", "said"), REPAIRED)
def test_what_is_repaired_is_said(body: str, said: str) -> None:
    assert repairs(document(body))[0].text.startswith(said)


@pytest.mark.parametrize("body", [*KEPT, *UNCLOSED])
def test_what_is_kept_is_not_mentioned(body: str) -> None:
    assert repairs(document(body)) == []


def test_a_head_that_ends_early() -> None:
    [repair] = repairs("<html><head><div>a</div></head><body></body></html>")
    assert repair.text.startswith("<div> isn't allowed in <head>")


def test_where_it_is() -> None:
    html = document("<p>\n<em>x</em>\n<div>y</div></p>")
    [repair] = repairs(html)
    assert html[repair.at :].startswith("<div>") and "p" in repair.names


def test_bad_input_takes_no_time() -> None:
    for html in ("<" * 50_000, "<a " * 20_000, '<a b="' * 10_000, "<p>" * 20_000, "</p>" * 20_000):
        repairs(html)
