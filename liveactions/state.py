"""A page's state as data: what the snapshot carries."""

from __future__ import annotations

from typing import Any

from .component import Component


def dump_state(page: Component) -> Any:
    """JSON-able data of the state fields of a page and of all components in it, and of its forms.

    `TypeError` when a field's value isn't what its annotation says.
    """
    raise NotImplementedError


def restore_state(page: Component, data: Any) -> None:
    """Sets an attached page's fields to what `dump_state` gave; `load` is then due.

    Fields that the class no longer has are ignored, new ones keep their default. `StateError` when a
    value no longer fits its field.
    """
    raise NotImplementedError
