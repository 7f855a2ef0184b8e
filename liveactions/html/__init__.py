"""Reads HTML like browsers do: tokens, character references, the content model, and checks based on them."""
