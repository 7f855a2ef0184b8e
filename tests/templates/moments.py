"""Templates at several moments: as we render and patch them, and as Jinja2 does."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import DictLoader, Environment

from liveactions.diff import ClientState, patch
from liveactions.templates import BODY_MARK, HEAD_MARK, Fragment, Templates, View

EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
Moment = dict[str, Any]


def environment(sources: dict[str, str]) -> Environment:
    return Environment(loader=DictLoader(sources), autoescape=True, extensions=EXTENSIONS)


def page(shown: Fragment, hidden: str = "") -> str:
    """A fragment as a page, with `hidden` in its forms, and without what else an application puts into it."""
    return shown.html(hidden).replace(HEAD_MARK, "").replace(BODY_MARK, "")


def plain_pages(sources: dict[str, str], moments: list[Moment]) -> list[str]:
    """The pages that Jinja2 itself renders."""
    template = environment(sources).get_template("page")
    return [template.render(moment) for moment in moments]


def compiled(sources: dict[str, str]) -> View:
    """Return our template "page". It does every render twice and compares them."""
    return Templates(environment(sources), debug=True).view("page")


def frames(view: View, moments: list[Moment], hidden: str = "") -> tuple[str, list[Any]]:
    """Return the first page, and a frame for each moment after it."""
    known = ClientState()
    shown = view.render(moments[0])
    first, found = page(shown, hidden), []
    for revision, moment in enumerate(moments[1:], 1):
        last, shown = shown, view.render(moment, shown)
        change = patch(last, shown, known)
        new_shapes = known.take()
        if isinstance(change, dict):
            change = {"page": page(shown, hidden)}
        found.append(json.loads(json.dumps([revision, 0, change, [], new_shapes])))
    return first, found
