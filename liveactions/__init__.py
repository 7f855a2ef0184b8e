"""Live pages in Python: state and actions on the server, patches in the browser, plain forms without JavaScript."""

from .app import Live, Pages
from .page import Page
from .component import Component
from .action import Action, ActionRef, action
from .fields import InUrl, in_url, loaded
from .params import Bound, Event, Prev
from .depends import Depends
from .control import forbidden, not_found, redirect, unauthorized
from .every import every
from .errors import ActionError, FieldErrors, LiveError
from .limits import Limits

__all__ = [
    "Live",
    "Pages",
    "Page",
    "Component",
    "Action",
    "ActionRef",
    "action",
    "InUrl",
    "in_url",
    "loaded",
    "Bound",
    "Event",
    "Prev",
    "Depends",
    "redirect",
    "not_found",
    "unauthorized",
    "forbidden",
    "every",
    "ActionError",
    "FieldErrors",
    "LiveError",
    "Limits",
]
