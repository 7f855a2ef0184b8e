"""Cached reads, and how pages hear that what they have read is out of date."""
