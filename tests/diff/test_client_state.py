"""Which strings of raw HTML a client holds: none of what stands in something that came whole."""

from __future__ import annotations

from typing import Any

from jinja2 import DictLoader, Environment
from markupsafe import Markup

from liveactions.diff.client_state import ClientState
from liveactions.diff.fragments import patch
from liveactions.templates import Templates

TEMPLATE = "<ul>{% for row in rows %}<li>{{ row.html }}</li>{% endfor %}</ul>"


def test_a_list_that_comes_whole_forgets_the_strings_at_its_places() -> None:
    view = Templates(Environment(loader=DictLoader({"x": TEMPLATE}), autoescape=True), False, {}).view("x")
    known, shown = ClientState(), view.render({"rows": []}, None)

    def show(id: int, html: str) -> str:
        nonlocal shown
        before, shown = shown, view.render({"rows": [{"id": id, "html": Markup(html)}]}, shown)
        change: Any = patch(before, shown, known)
        return str(change)

    long = "<p live-optimistic>one</p><p>two</p>" * 9
    assert "'l'" in show(1, long)
    assert "'h'" in show(
        1, long + "<i>1</i>"
    )  # browsers write it otherwise: the page doesn't know the string
    assert "'s'" in show(1, long + "<i>2</i>")
    assert "'l'" in show(2, long)
    assert "'h'" in show(2, long + "<i>3</i>")
