"""What an action slot of a template holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from markupsafe import escape


class Reference(ABC):
    """Something a template names and a browser may call, with its bound arguments.

    In a template a call binds: ``{{ add(2) }}`` is `bind`. Two references are equal when they
    mean the same call; the template's memory and the comparison of fragments rely on it.
    """

    __slots__ = ()

    @abstractmethod
    def bind(self, *args: Any, **kwargs: Any) -> Reference:
        """A reference with these arguments added. `TypeError` when the callee can't take them."""

    @abstractmethod
    def url(self) -> str:
        """The address that a form posts to: ``/path?_a=…``. `TypeError` when it can't be called so."""

    def __str__(self) -> str:
        return self.url()

    def __html__(self) -> str:
        return str(escape(self.url()))
