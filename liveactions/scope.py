"""One GET, POST, op or push: dependencies open, the guard, the action, load and render; then they close."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from .action import ActionRef
from .outcome import Outcome
from .page import Page
from .params import Event

FieldPairs = Iterable[tuple[str, Any]]
"""Names and values (texts, or Starlette's `UploadFile`) in the order of the form."""


class Scope:
    """::

        scope = Scope(page)
        outcome = await scope.call(ref, fields)        # or mount, validate, run
        problem = await scope.load()                   # always, before a render; None or another Outcome
        ...render...
        outcome = await scope.close(outcome)           # commits; differs when that failed

    No method raises, but for `asyncio.CancelledError`. Several ops may share one scope's render when `must_render` is
    false: no dependency waits for it; then a new Scope per op, `load` and `close` at once are right too.
    """

    def __init__(self, page: Page, event: Event | None = None) -> None:
        raise NotImplementedError

    @property
    def must_render(self) -> bool:
        """Whether dependencies are open, which the render may need: close after it."""
        raise NotImplementedError

    async def guard(self) -> Outcome | None:
        """Runs the guards of application, router and page; None when they let pass. For GET and join."""
        raise NotImplementedError

    async def mount(self) -> Outcome | None:
        """Guards, then the `mount` hooks of a new page and its components; None when all went well."""
        raise NotImplementedError

    async def call(self, ref: ActionRef[..., Any], fields: FieldPairs = ()) -> Outcome:
        """Runs an action: guards, parameters, the function. Its outcome is in the form's state too."""
        raise NotImplementedError

    async def validate(self, ref: ActionRef[..., Any], fields: FieldPairs, touched: Sequence[str]) -> Outcome:
        """Checks what was typed against the action's parameters; errors of touched fields only are shown."""
        raise NotImplementedError

    async def run(self, function: Callable[..., Awaitable[Any] | Any], component: Any = None) -> Outcome:
        """Runs a timer's or a hook's function on a component (the page), with injected parameters."""
        raise NotImplementedError

    async def hook(self, name: str) -> Outcome | None:
        """Runs ``connected``, ``disconnected`` or ``closed`` of all components that have it."""
        raise NotImplementedError

    async def load(self) -> Outcome | None:
        """Runs `load` of every component that needs it. An outcome when one failed or led elsewhere."""
        raise NotImplementedError

    async def close(self, outcome: Outcome) -> Outcome:
        """Closes the dependencies: with success unless `outcome` holds an error. When closing fails, the
        page's fields go back, and the failure is the outcome: load and render once more.
        """
        raise NotImplementedError


async def call(
    page: Page, ref: ActionRef[..., Any], fields: FieldPairs = (), event: Event | None = None
) -> Outcome:
    """A whole scope without a render: for tests and pages without one."""
    raise NotImplementedError


async def refresh(page: Page) -> Outcome | None:
    """A scope of `load` alone."""
    raise NotImplementedError
