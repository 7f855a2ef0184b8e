"""Forms as the templates of row tests write them."""

from __future__ import annotations


def form(action: str, *fields: str, label: str = "", more: str = "") -> str:
    """A form of an action, an expression of Jinja's, with text fields and a button called `label`."""
    inputs = "".join(
        f'<input name="{name}" aria-label="{name}" value="{{{{ {_plain(action)}.field("{name}").value }}}}">'
        for name in fields
    )
    button = f"<button>{label or action}</button>"
    return f'<form method="post" action="{{{{ {action} }}}}">{inputs}{more}{button}</form>'


def _plain(action: str) -> str:
    return action if action.isidentifier() else f"({action})"
