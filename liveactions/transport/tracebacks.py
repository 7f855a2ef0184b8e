"""Exceptions as pages, for the developer: in debug mode only."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from starlette.responses import HTMLResponse, Response

from .errors import HEADERS

_PAGE: Final = """<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ margin: 2rem auto; padding: 0 1.5rem; max-width: 60rem; font: 1rem/1.4 system-ui }}
h1 {{ padding-top: 1rem; border-top: .4rem solid #c00; font-size: 1.1rem; overflow-wrap: anywhere }}
h2 {{ font-size: 1rem }} mark {{ background: #fdd }}
pre {{ overflow: auto; font: .85rem/1.5 ui-monospace, monospace }}
</style></head>
<body><h1>{title}</h1>
{template}<pre>{details}</pre></body>
</html>
"""


def traceback_page(payload: dict[str, Any], status: int) -> Response:
    """What a failure in debug mode is: its text, the place in a template, the traceback."""
    place = _place(payload["template"]) if "template" in payload else ""
    html = _PAGE.format(
        title=escape(payload["error"]), template=place, details=escape(payload.get("details", ""))
    )
    return HTMLResponse(html, status, HEADERS)


def _place(template: dict[str, Any]) -> str:
    rows = [_row(number, text, number == template["line"]) for number, text in template["excerpt"]]
    lines = "\n".join(rows)
    return f"<h2>{escape(template['name'])}, line {template['line']}</h2>\n<pre>{lines}</pre>\n"


def _row(number: int, text: str, is_marked: bool) -> str:
    row = escape(f"{number:>5}  {text}")
    return f"<mark>{row}</mark>" if is_marked else row
