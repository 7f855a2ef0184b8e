"""Patches: what a client needs to get from one rendering to the next."""

from .client_state import ClientState
from .fragments import full, keeps_places, patch

__all__ = ["ClientState", "full", "keeps_places", "patch"]
