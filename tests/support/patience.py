"""How long tests wait for what should happen."""

from __future__ import annotations

PATIENCE = 30.0
"""Seconds after which what a test waits for isn't going to happen, even on a very busy machine.

A test that passes never waits that long, and none asserts that something takes less.
"""
