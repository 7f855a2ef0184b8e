"""Loggers whose records have fields about the running operation, for structured logs.

As far as they are known, records have these attributes: `page` (its class or function), `path`, `session` (a
name for the open page, which doesn't reveal its token) and `op` (`current_op().id`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

_NONE: Final[Mapping[str, object]] = MappingProxyType({})
_bound: Final[ContextVar[Mapping[str, object]]] = ContextVar("liveactions_log_fields", default=_NONE)
_sources: Final[list[Callable[[], Mapping[str, object]]]] = []


def add_source(source: Callable[[], Mapping[str, object]]) -> None:
    """Add a function that returns fields of the current context when a record is written."""
    _sources.append(source)


def bind(**fields: object) -> None:
    """Add fields to all records that this task, and tasks that it starts, write from now on."""
    _bound.set({**_bound.get(), **fields})


def current_fields() -> dict[str, object]:
    """Return the fields for a record that is written now."""
    fields = dict(_bound.get())
    for source in _sources:
        fields.update(source())
    return fields


class FieldLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger that adds `current_fields` to its records."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**current_fields(), **(kwargs.get("extra") or {})}
        return msg, kwargs


def get_logger(name: str) -> FieldLogger:
    """Return the logger of a module."""
    return FieldLogger(logging.getLogger(name), {})
