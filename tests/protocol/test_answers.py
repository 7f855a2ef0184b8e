"""Outcomes as answers: what goes over the wire is exactly what the protocol documents."""

from __future__ import annotations

from typing import Any

import pytest

from liveactions.protocol.constants import ERROR, OK, OK_KEEP_FORM, REDIRECT, RUNNING, UNCERTAIN
from liveactions.protocol.messages import answer
from liveactions.types import (
    DONE,
    DebugDetails,
    Failed,
    Ok,
    Outcome,
    RedirectTo,
    SourceExcerpt,
    Streaming,
    Uncertain,
)

EXCERPT = SourceExcerpt("list.html", 2, [(1, "<ul>"), (2, "{{ x }}")], 4)
PLACE = {"name": "list.html", "line": 2, "column": 4, "excerpt": [(1, "<ul>"), (2, "{{ x }}")]}
ERROR_409: dict[str, Any] = {"error": "No", "errors": {}, "status": 409}


@pytest.mark.parametrize(
    ("outcome", "status", "payload"),
    [
        (DONE, OK, None),
        (Ok(3), OK, 3),
        (Ok(keep_form=True), OK_KEEP_FORM, None),
        (Failed(409, "No"), ERROR, ERROR_409),
        (Failed(409, "No", error=ValueError("secret")), ERROR, ERROR_409),
        (Failed(422, "", {"a": "b"}), ERROR, {"error": "", "errors": {"a": "b"}, "status": 422}),
        (Failed(409, "No", id="1f"), ERROR, {**ERROR_409, "id": "1f"}),
        (Failed(409, "No", debug=DebugDetails("t")), ERROR, {**ERROR_409, "details": "t"}),
        (
            Failed(409, "No", debug=DebugDetails("t", EXCERPT)),
            ERROR,
            {**ERROR_409, "details": "t", "template": PLACE},
        ),
        (RedirectTo("/a"), REDIRECT, {"url": "/a"}),
        (RedirectTo("/a", replace=True), REDIRECT, {"url": "/a", "replace": True}),
        (RedirectTo("//b", external=True), REDIRECT, {"url": "//b", "external": True}),
        (Streaming(), RUNNING, None),
        (Uncertain(), UNCERTAIN, None),
    ],
)
def test_answer(outcome: Outcome, status: int, payload: Any) -> None:
    assert answer(outcome) == (status, payload)
