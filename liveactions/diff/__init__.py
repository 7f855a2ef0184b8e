"""Patches: the changes between two renders, for the client to apply."""

from .client_state import ClientState
from .fragments import full, keeps_places, patch

__all__ = ["ClientState", "full", "keeps_places", "patch"]
