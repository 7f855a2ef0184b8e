"""Open pages: what each shows, and the sockets that come and go."""
