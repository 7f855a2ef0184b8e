"""What changed between two fragments, as data for the wire."""

from .patch import full, keeps_places, patch
from .shapes import Shapes

__all__ = ["Shapes", "full", "keeps_places", "patch"]
