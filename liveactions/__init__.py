"""Live pages in Python."""
