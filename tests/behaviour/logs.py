"""What the log was told."""

from __future__ import annotations

import pytest


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """The texts of all exceptions."""
    return "\n".join(str(record.exc_info[1]) for record in caplog.records if record.exc_info)
