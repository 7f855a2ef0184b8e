"""The error page of applications that have none of their own."""

from __future__ import annotations

from http import HTTPStatus

from markupsafe import Markup

from .page import Page

_HTML = Markup("""<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><h1>{title}</h1><p>{message}</p></body>
</html>
""")


class PlainError(Page):
    """Shows an HTTP status, and the error's text for the visitor."""

    status: int = 500
    message: str = ""

    def render(self) -> Markup:
        return error_html(self.status, self.message)


def error_html(status: int, message: str) -> Markup:
    """Return a document that shows an HTTP status and a text."""
    return _HTML.format(title=f"{status} {phrase(status)}", message=message)


def phrase(status: int) -> str:
    """Return the phrase for an HTTP status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
