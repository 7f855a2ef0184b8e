"""What the template compiler needs to know of HTML: scanning, character references, nesting."""
