"""The endpoints of pages and of the library: HTTP and WebSockets."""
