"""What changed between two fragments, as data for the wire."""

from .client_state import ClientState
from .fragments import full, keeps_places, patch

__all__ = ["ClientState", "full", "keeps_places", "patch"]
