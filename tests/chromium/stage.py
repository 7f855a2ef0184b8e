"""A page whose markup a test writes, and which the server changes while a person works with it.

A test's *scene* is Jinja markup. It stands in the item `here` of a list, between the items `one` and `two`.
What the server may change are `note` (texts around it), `mood` (an attribute of its own, if the scene has
one) and `inside` (its content, if it shows that), and the order of the items.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jinja2 import DictLoader, Environment
from markupsafe import Markup

from liveactions import Live, Pages, action, cache_tag, render, revalidate_tag
from tests.support.client import load_lazy
from tests.support.small import KEY

FRAME = """<!doctype html><html lang="en"><head><title>{{ pushes }}</title></head><body>
<p id="above" title="{{ note }}">{{ note }}</p>
<ul id="rows">{% for key in order %}<li id="{{ key }}">
{%- if key == "here" %}<p class="{{ mood }}">{{ note }}</p>SCENE<p>{{ note }}</p>
{%- else %}{{ key }} {{ note }}{% endif -%}</li>{% endfor %}</ul>
<p id="below">{{ note }}</p></body></html>"""
SHELL = """<!doctype html><html lang="en"><head><title>{{ pushes }}</title></head>
<body>{{ html|safe }}</body></html>"""

FIRST = {"note": "note", "mood": "sad", "inside": "content", "order": ["one", "here", "two"]}
STEPS: dict[str, dict[str, Any]] = {
    "around": {"note": "changed"},
    "over": {"mood": "glad"},
    "inside": {"inside": "new content"},
    "inserted before": {"order": ["three", "one", "here", "two"]},
    "moved down": {"order": ["one", "two", "three", "here"]},
    "moved up": {"order": ["here", "three", "one", "two"]},
    "others gone": {"order": ["here"]},
    "all at once": {"note": "again", "mood": "calm", "inside": "more", "order": ["two", "here", "one"]},
}
"""What `Stage.pushes` changes, one after the other."""

templates: dict[str, str] = {"shell.html": SHELL}
environment = Environment(loader=DictLoader(templates), autoescape=True)
pages = Pages()


@dataclass
class Scene:
    """What the server shows under one address."""

    name: str
    way: str
    values: dict[str, Any]
    said: list[Any] = field(default_factory=list)
    """What the page's action was called with."""


scenes: dict[str, Scene] = {}
_names = (f"scene{number}" for number in itertools.count())


@pages.page("/scenes/{name}")
async def stage(name: str) -> Any:
    scene = scenes[name]
    cache_tag(name)

    @action
    async def say(text: str = "", *, picks: list[str] | None = None) -> None:
        scene.said.append(text if picks is None else picks)

    if scene.way == "compiled":
        return render(f"{name}.html", say=say, **scene.values)
    html = environment.get_template(f"{name}.html").render(scene.values)
    if scene.way == "document":
        return Markup(html)
    body = html.partition("<body>")[2].partition("</body>")[0]
    return render("shell.html", html=body, pushes=scene.values["pushes"])


live = Live(environment, keys=KEY)
live.include(pages)


class Stage:
    """A scene in a browser's tab."""

    def __init__(self, person: Any, way: str) -> None:
        self._person = person
        self._way = way

    def open(self, markup: str, frame: str = FRAME, **values: Any) -> Any:
        """The tab that shows a scene, with values of its own."""
        name = next(_names)
        templates[f"{name}.html"] = frame.replace("SCENE", markup)
        self.scene = scenes[name] = Scene(name, self._way, {"pushes": 0, **FIRST, **values})
        self.tab = self._person.open(f"/scenes/{name}")
        if self._way != "compiled":  # its first change is one of what the page came with
            load_lazy(self.tab)
        return self.tab

    def push(self, **values: Any) -> None:
        """The server changes values of the scene; returns when the tab shows it."""
        self.scene.values |= values
        self.scene.values["pushes"] += 1
        revalidate_tag(self.scene.name)
        self.tab.wait_for_function(
            "pushes => document.title === pushes", arg=str(self.scene.values["pushes"])
        )

    def pushes(self) -> Iterator[str]:
        """Changes around, over and inside the scene, one after the other; their names."""
        for name, values in STEPS.items():
            self.push(**values)
            yield name

    def expect_errors(self) -> None:
        """What the tab's console said so far doesn't fail the test."""
        self._person.problems.clear()
