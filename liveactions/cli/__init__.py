"""The command line: ``liveactions new``, ``add``, ``dev``, ``check``, ``routes``, ``key``, ``html-data``."""
