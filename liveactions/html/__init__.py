"""HTML as browsers read it: tokens, character references, the content model, and checks based on them."""
