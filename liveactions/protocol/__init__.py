"""The messages that a page and the server exchange."""
