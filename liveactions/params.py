"""How a function's parameters are filled: from bound arguments, from form fields, or by annotation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import HTTPConnection

from .annotations import hints, metadata, optional, unwrap
from .codec import Codec, codec, read_json, write_json
from .depends import Depends, dependency_of
from .readers import Reader, is_model, reader

T = TypeVar("T")

Kind = Literal["field", "bound", "request", "form", "previous", "event", "depends", "component"]

UNBOUND: Final = object()
"""Stands for an argument that isn't bound, before one that is."""


class BoundMark:
    """Marks a parameter that only a template fills."""


class PrevMark:
    """Marks a parameter that takes the action's previous result."""


Bound = Annotated[T, BoundMark]
"""A parameter filled from bound arguments only: a visitor can't choose it."""

Prev = Annotated[T | None, PrevMark]
"""The previous result of this action on this page, for this binding; None at first."""


@dataclass(frozen=True)
class Event:
    """What happened in the browser: a parameter of this type asks for it."""

    type: str = ""
    key: str = ""
    x: float = 0.0
    y: float = 0.0
    detail: Any = None
