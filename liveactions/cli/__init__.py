"""The command line: ``liveactions check``, ``dev``, ``key``, ``new`` and ``routes``."""
