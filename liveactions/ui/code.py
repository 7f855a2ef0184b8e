"""Code as HTML, highlighted by Pygments if that is installed."""

from __future__ import annotations

from markupsafe import Markup, escape


def highlight(text: str, language: str) -> Markup:
    """Return code as HTML, with Pygments' classes if Pygments is installed and knows the language.

    The names of languages are those of Pygments: ``python``, ``html+jinja``, ``js``. The time can grow with
    the square of the length, so limit the length of texts from visitors to a few thousand characters.
    """
    try:
        from pygments import highlight as format_tokens
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import get_lexer_by_name
        from pygments.util import ClassNotFound
    except ModuleNotFoundError:
        return escape(text)
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(text)
    html = format_tokens(text, lexer, HtmlFormatter(nowrap=True))
    return Markup(html if text.endswith("\n") else html.removesuffix("\n"))
