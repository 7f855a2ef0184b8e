// The constants of the protocol: markers, kinds of ops and answers, close codes, limits.
// liveactions/protocol/constants.py has the same names; a test compares the two files.

/** Version of the protocol, sent in the hello. */
export const VERSION = 1;

// Markers in HTML. An element that owns slots lists them, in slot order, in one attribute.
export const MARK = "data-l";
export const MARK_TAG = "*";
export const MARK_EVENT = "@";
export const MARK_CHILD = ".";
export const CHILD_OPEN = "(";
export const CHILD_CLOSE = ")";
/** Like CHILD_OPEN, for a slot that extends to the end of its parent, and has no closing marker. */
export const CHILD_REST = "{";
export const LIST_OPEN = "[";
export const LIST_CLOSE = "]";
export const ITEM_END = ",";

// Kinds of ops, client to server: [n, rev, kind, ...].
export const CALL_SLOT = 0;
export const CALL_REF = 1;
export const VALIDATE = 2;
export const NAVIGATE = 3;
export const CANCEL = 5;
export const CALL_FUNCTION = 6;
export const BYE = 9;
/** Not an op, so it has no number: [0, rev, PREFETCH, url]. */
export const PREFETCH = 10;

// Status of an answer, server to client: [n, status, payload].
export const OK = 0;
export const ERROR = 1;
export const UNCERTAIN = 2;
export const REDIRECT = 3;
/** The op runs concurrently with later ones; another answer follows when it ends. */
export const RUNNING = 4;
/** Like OK, but the form's controls keep what the user has typed. */
export const OK_KEEP_FORM = 5;

// WebSocket close codes.
export const CLOSE_PROTOCOL = 4000;
export const CLOSE_VERSION = 4001;
export const CLOSE_LIMIT = 4002;
export const CLOSE_NO_HELLO = 4008;
export const CLOSE_OVER = 4010;

// Limits that both sides know.
/** Longest message to the server, in bytes. */
export const FRAME_BYTES = 1024 * 1024;
/** After how many patches the client sends an acknowledgement, if it has no op to send ... */
export const ACK_AFTER = 4;
/** ... or after how many seconds. */
export const ACK_SECONDS = 1.0;
export const WINDOW_FRAMES = 8;
export const WINDOW_BYTES = 256 * 1024;
/** Seconds for which queued ops wait for the socket before they are sent by fetch. */
export const SOCKET_WAIT = 3.0;

// Names in forms and addresses that belong to the library.
export const FIELD_SNAPSHOT = "_s";
export const FIELD_ACTION = "_a";
export const FIELD_FORM = "_f";
export const FIELD_BOUND = "_b";
/** The local storage key that a tab changes to notify other tabs that cookies have changed. */
export const STORAGE_KEY = "live";
export const HEADER_OPS = "Live-Ops";
/** On a response to ops: none of them was run, and the page builds and sends them again. */
export const HEADER_SKIPPED = "Live-Skipped";
/** On a request with ops: the page has an event stream, and only the process that serves it runs them. */
export const HEADER_STREAM = "Live-Stream";
export const HEADER_ACTION = "Live-Action";
export const HEADER_UPLOAD = "Live-Upload";
/** On an upload: the body is a chunk of a file, with this number and handle. */
export const HEADER_CHUNK = "Live-Chunk";
/** On the response to a call from a page that isn't live: the call has changed the browser's cookies. */
export const HEADER_COOKIES = "Live-Cookies";
