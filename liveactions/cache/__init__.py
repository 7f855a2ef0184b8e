"""Cached reads, and updating pages when data that they have read changes."""
