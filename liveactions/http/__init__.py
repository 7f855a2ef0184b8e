"""How pages are reached: HTTP and WebSockets."""
