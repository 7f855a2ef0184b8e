"""What changed between two fragments, as data for the wire."""

from .known import Known
from .patch import full, keeps_places, patch

__all__ = ["Known", "full", "keeps_places", "patch"]
