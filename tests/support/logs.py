"""Select log records by module, since threads and tasks of earlier tests may log at any time."""

from __future__ import annotations

import logging

import pytest


def logged(caplog: pytest.LogCaptureFixture, module: str) -> list[logging.LogRecord]:
    """Return the records of a module, or of all modules in a package."""
    return [
        record for record in caplog.records if record.name == module or record.name.startswith(f"{module}.")
    ]
