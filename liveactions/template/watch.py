"""The files of templates, for who wants to know when one was saved."""

from __future__ import annotations

import os
from collections.abc import Iterator

from jinja2 import Environment, Template


class Watch:
    """The files that an environment has loaded."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._times: dict[str, int] = {}
        """When each was saved, in nanoseconds, as it was found last."""

    def look(self) -> bool:
        """Whether one was saved since the last look, or since it was loaded."""
        saved = False
        for template in self.loaded():
            name = template.filename
            if name and name not in self._times:
                self._times[name] = _time_of(name)
                saved = saved or not template.is_up_to_date
        for name, before in self._times.items():
            self._times[name] = _time_of(name)
            saved = saved or self._times[name] != before
        return saved

    def loaded(self) -> Iterator[Template]:
        """The templates that it has in memory."""
        yield from self._environment.cache.values() if self._environment.cache else ()


def _time_of(name: str) -> int:
    try:
        return os.stat(name).st_mtime_ns
    except OSError:  # none, or none just now: editors replace files
        return 0
