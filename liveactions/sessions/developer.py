"""What a developer is told in a page, in debug mode: failures that answer no op, advice, saved templates."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..ops.outcome import Outcome
from ..ops.scope import Scope
from ..template.advice import Adviser
from .push import Push

if TYPE_CHECKING:
    from ..template import Fragment
    from .session import Session


class Developer:
    """Of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._adviser = Adviser(session.site.services.templates)

    def tell_failure(self, outcome: Outcome) -> None:
        """Show what failed that nobody in the page had asked for."""
        if isinstance(outcome.payload, dict) and "details" in outcome.payload:
            self._tell("live:error", outcome.payload)

    def advise(self, fragment: Fragment) -> bool:
        """Say what could be better in what is shown now. Whether there is something to say."""
        advice = list(self._adviser.look(fragment))
        if advice:
            self._tell("live:advice", [[one.code, one.text] for one in advice])
        return bool(advice)

    def show_templates(self) -> None:
        """Templates were saved: draw the page by what they are now."""
        if self.session.connection is not None and not self.session.over:
            self.session.work.begin(Push(self._redraw))

    async def _redraw(self, scope: Scope) -> Outcome | None:
        refused = await scope.guard()
        self._tell("live:template", None)
        if refused is None:
            with suppress(Exception):  # it is told when the next frame is drawn
                self.session.redraw()
        return refused

    def _tell(self, event: str, detail: Any) -> None:
        self.session.exchange.add({"events": [[event, detail]]})
