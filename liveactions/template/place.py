"""Where in a template an exception came from."""

from __future__ import annotations

from traceback import walk_tb

from jinja2 import TemplateSyntaxError

from ..errors import TemplateError


class Place(str):
    """A template's name and a line of it; as a text, the note below a traceback that says so."""

    name: str
    line: int

    def __new__(cls, name: str | None, line: int) -> Place:
        self = super().__new__(cls, f"in the template {name or '<template>'}, line {line}")
        self.name, self.line = name or "<template>", line
        return self


def note_place(error: BaseException) -> None:
    """Adds the innermost place to an exception that a template's code has raised, if it has none yet."""
    if _noted(error) is not None:
        return
    for frame, line in reversed(list(walk_tb(error.__traceback__))):
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            error.add_note(Place(template.name, template.get_corresponding_lineno(line)))
            return


def place_of(error: BaseException) -> Place | None:
    """Where in a template it happened; None when that isn't known, or in none."""
    if isinstance(error, TemplateSyntaxError | TemplateError):
        return Place(error.name, error.lineno)
    return _noted(error)


def _noted(error: BaseException) -> Place | None:
    notes = getattr(error, "__notes__", ())
    return next((note for note in notes if isinstance(note, Place)), None)
