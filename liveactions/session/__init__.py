"""Open pages: their state machines, their queues and their connections."""
