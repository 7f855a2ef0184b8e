"""Whether a piece of HTML ends where it began."""

from __future__ import annotations

from .nesting import FOREIGN, IMPLIED_END, OPTIONAL_END, VOID
from .scanner import EndTag, StartTag, Unplaceable, scan


class Unbalanced(Exception):
    """An end tag has no start tag here."""


class OpenElements:
    """The stack of open elements, as far as implied end tags need it."""

    def __init__(self, foreign: bool = False) -> None:
        self.names: list[str] = []
        self.foreign = foreign

    def start(self, name: str, self_closing: bool) -> list[str]:
        """Opens an element; returns the names that its start tag ended."""
        ended = []
        implied = IMPLIED_END.get(name, frozenset())
        while self.names and self.names[-1] in implied:
            ended.append(self.names.pop())
        if name not in VOID and not (self_closing and (name in FOREIGN or self.in_foreign())):
            self.names.append(name)
        return ended

    def end(self, name: str) -> list[str]:
        """Closes an element; returns the names that ended with it, itself last."""
        if name not in self.names:
            raise Unbalanced(name)
        ended = []
        while (open_ := self.names.pop()) != name:
            if open_ not in OPTIONAL_END:
                raise Unbalanced(open_)
            ended.append(open_)
        return [*ended, name]

    def in_foreign(self) -> bool:
        for name in reversed(self.names):
            if name in ("svg", "math"):
                return True
            if name == "foreignobject":
                return False
        return self.foreign


def is_balanced(source: str) -> bool:
    """Whether browsers would read `source` as complete elements and text."""
    elements = OpenElements()
    try:
        for event in scan([source]):
            if isinstance(event, StartTag):
                elements.start(event.name, event.self_closing)
            elif isinstance(event, EndTag):
                elements.end(event.name)
    except (Unplaceable, Unbalanced):
        return False
    return not elements.names
