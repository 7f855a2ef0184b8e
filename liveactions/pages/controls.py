"""What templates and raw HTML call to write controls: a button without a form, a form's state."""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from ..template import FORM_STATE, Reference, pure

PAGE_FORM = "live"
"""Id of the form at the beginning of each page's body, for controls that stand in no form."""


@pure
def button(action: Reference, label: Any, /, **attributes: Any) -> Markup:
    """A button that calls an action without a form around it, with JavaScript and without.

    ``{{ button(remove(todo.id), "Delete", class_="small", data_id=7) }}``: an underscore in an attribute's
    name stands for a hyphen, one at its end for nothing. True writes the name alone; False and None nothing.
    """
    pairs = {"form": PAGE_FORM, "formaction": action.here().url(), **attributes}
    return Markup("<button{}>{}</button>").format(_attributes(pairs), label)


def _attributes(pairs: dict[str, Any]) -> Markup:
    written = [(name.rstrip("_").replace("_", "-"), value) for name, value in pairs.items()]
    return Markup("").join(
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value)
        for name, value in written
        if value is not None and value is not False
    )


def form_state() -> Markup:
    """The field that brings a page's state along, for a form whose address the template writes itself."""
    return Markup(FORM_STATE)


NAMES: Final = {"button": button, "form_state": form_state}
"""What templates know them by, unless the application has other things of these names."""
