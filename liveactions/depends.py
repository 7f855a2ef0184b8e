"""Dependencies of a scope: opened before the guard, closed after load and render."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .annotations import unwrap


@dataclass(frozen=True)
class Depends:
    """Marks a parameter that a function provides: ``Annotated[Session, Depends(session)]``.

    The function may be sync or async, or a generator that yields once and cleans up when the scope
    closes; it is called once per scope unless `use_cache` is false.
    """

    dependency: Callable[..., Any]
    use_cache: bool = True
