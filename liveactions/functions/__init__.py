"""Actions as functions of scripts: the JavaScript of a module, and its types."""
