"""Actions: marking functions, references to them, and filling their parameters from what a browser sends."""
