"""Names shared with the client: markers, kinds of operations and answers, close codes, limits.

``js/src/core/wire.js`` repeats them, with `liveactions.config.FRAME_BYTES`, and a test compares the two.
`liveactions.protocol.messages` documents the messages that use them.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
"""Version of the protocol, stated in the client's hello. Other versions are rejected."""
# Markers in HTML. An element that owns slots lists them, in slot order, in one attribute.
MARK: Final = "data-l"
MARK_TAG: Final = "*"
"""Descriptor of the slot for dynamic attribute names in a start tag."""
MARK_EVENT: Final = "@"
"""First character of the descriptor of an action slot: ``@click``, ``@input.debounce.300``."""
MARK_CHILD: Final = "."
"""Descriptor of an element whose whole content is one child slot."""
CHILD_OPEN: Final = "("
CHILD_CLOSE: Final = ")"
CHILD_REST: Final = "{"
"""Like `CHILD_OPEN`, for a slot that extends to the end of its parent: nothing in it can move its end."""
LIST_OPEN: Final = "["
LIST_CLOSE: Final = "]"
ITEM_END: Final = ","
# Kinds of ops, client to server: [n, rev, kind, ...].
CALL_SLOT: Final = 0
CALL_REF: Final = 1
VALIDATE: Final = 2
NAVIGATE: Final = 3
CANCEL: Final = 5
CALL_FUNCTION: Final = 6
BYE: Final = 9
PREFETCH: Final = 10
"""Not an operation, so it has no number: [0, rev, PREFETCH, url]."""
# Status of an answer, server to client: [n, status, payload].
OK: Final = 0
ERROR: Final = 1
UNCERTAIN: Final = 2
REDIRECT: Final = 3
RUNNING: Final = 4
"""The operation runs concurrently; its final answer is sent later."""
OK_KEEP_FORM: Final = 5
"""Like OK, but the form's controls keep their values."""
# WebSocket close codes.
CLOSE_PROTOCOL: Final = 4000
CLOSE_VERSION: Final = 4001
CLOSE_LIMIT: Final = 4002
CLOSE_NO_HELLO: Final = 4008
CLOSE_OVER: Final = 4010
ACK_AFTER: Final = 4
"""A client acknowledges after this many patches without an operation of its own."""
ACK_SECONDS: Final = 1.0
"""... or after this many seconds."""
WINDOW_FRAMES: Final = 8
"""Maximum number of unacknowledged patches. Then the server merges further changes."""
WINDOW_BYTES: Final = 256 * 1024
SOCKET_WAIT: Final = 3.0
"""Seconds that queued operations wait for the socket before they are sent with fetch."""
# Names in forms and addresses that belong to the library.
FIELD_SNAPSHOT: Final = "_s"
FIELD_ACTION: Final = "_a"
FIELD_FORM: Final = "_f"
FIELD_BOUND: Final = "_b"
"""In a form with a button that calls another action: the address of the form's own action."""
STORAGE_KEY: Final = "live"
"""The key in `localStorage` with which a tab notifies others that it has changed the browser's cookies."""
HEADER_OPS: Final = "Live-Ops"
HEADER_SKIPPED: Final = "Live-Skipped"
"""In a response to operations: none was run, and the page sends them again with new addresses."""
HEADER_STREAM: Final = "Live-Stream"
"""In a request with operations: the page has an event stream, and only the process that sends it runs
them.
"""
HEADER_ACTION: Final = "Live-Action"
HEADER_UPLOAD: Final = "Live-Upload"
HEADER_CHUNK: Final = "Live-Chunk"
"""In an upload: the body is a chunk of a file, with this number and handle."""
HEADER_COOKIES: Final = "Live-Cookies"
"""In the response to a call from a page that isn't live: it has changed the browser's cookies."""
