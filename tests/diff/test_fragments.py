"""The first rendering, patched, looks like the second one, rendered by Jinja2 alone."""

from __future__ import annotations

import pytest
from hypothesis import given

from liveactions.diff import ClientState, patch
from liveactions.html.entities import neutralise
from liveactions.templates import View
from liveactions.templates.digests import digests_of
from liveactions.testing.document import Document
from liveactions.testing.dom import Element, canonical, parse
from tests.support.cases import one_in
from tests.templates.grammar import states, templates
from tests.templates.moments import Moment, compiled, frames, plain_pages


def looks(document: Element) -> str:
    """A document without the ``tbody`` that browsers add and the compiler writes."""
    return canonical(document).replace("<tbody>", "").replace("</tbody>", "")


def check(sources: dict[str, str], moments: list[Moment]) -> View:
    """Patch a document from moment to moment, and compare it each time with what Jinja2 renders."""
    view = compiled(sources)
    # Authors' look-alikes of markers are changed as ours are.
    wanted = [looks(parse(neutralise(html))) for html in plain_pages(sources, moments)]
    first, changes = frames(view, moments)
    document = Document(first)
    assert looks(document.root) == wanted[0]
    for frame, want in zip(changes, wanted[1:], strict=True):
        document.frame(frame)
        assert looks(document.root) == want
    return view


@one_in(4)
@given(templates(), states())
def test_patched_is_rendered_and_nothing_changed_is_nothing_sent(
    sources: dict[str, str], moments: list[Moment]
) -> None:
    view = check(sources, moments)
    shown = view.render(moments[0])
    again = view.render(moments[0], shown)
    assert patch(shown, again, ClientState()) == []
    assert digests_of(shown) == digests_of(again)
    assert shown.html() == again.html()


@pytest.mark.parametrize(
    "source",
    [
        '{% set a = "2" %}<i {% if flag %}lang="{{ a }}"{% endif %} class="c {{ a }}">{{ a }}</i>',
        '<i {% if flag %}lang="{{ a }}"{% endif %} {% set a = "2" %} class="{{ a }}">{{ a }}</i>',
        '<i class="{{ a }}" {% set a = "2" %} {% if flag %}lang="{{ a }}"{% endif %}>{{ a }}</i>',
        '<i {{ flag }} class="{{ a }}" {% set a = "2" %} {% if flag %}lang="{{ a }}"{% endif %}>{{ a }}</i>',
        '{% set a = "2" %}<form method="get" action="{{ a }}" class="{{ a }}" {{ "id" if a }}></form>',
    ],
)
def test_what_is_set_is_seen_by_what_follows_and_by_nothing_else(source: str) -> None:
    page = f"<!doctype html><html><head></head><body>{source}</body></html>"
    check({"page": page}, [{"a": "1", "flag": True}] * 2)
