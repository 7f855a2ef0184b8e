"""Actions: marking functions, references to them, and how their arguments come from what a browser sends."""
