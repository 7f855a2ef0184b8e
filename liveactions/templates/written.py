"""What a component without a template has written, as a fragment: HTML of any kind, or a template string."""

from __future__ import annotations

from typing import Any

from .fragments import Fragment
from .raw_html import html_of, is_template_string, raw_page, raw_part
from .template_strings import fragment_of


def written_part(value: Any, previous: Fragment | None = None) -> Any:
    """Return a part of a page. Raise `TypeError` for what isn't HTML."""
    return fragment_of(value, previous) if is_template_string(value) else raw_part(html_of(value))


def written_page(value: Any, previous: Fragment | None = None) -> Fragment:
    """Return a whole page. Raise `TypeError` for what isn't HTML."""
    if not is_template_string(value):
        return raw_page(html_of(value))
    shown = fragment_of(value, previous)
    return shown if type(shown) is Fragment else raw_page(str(shown))
