// Server-sent events in the socket's place: the answer to a request stays open, and brings the welcome, frames and pushes.
//
// A page that isn't visible has no stream. With HTTP/1.1, browsers have six connections for all pages of a site: so many pages
// have a stream that some of them are left for requests, and the others ask now and then what is new.

import { ACK_AFTER, CLOSE_OVER, CLOSE_PROTOCOL, CLOSE_VERSION, UNCERTAIN } from "../core/wire.js";
import { core } from "./bridge.js";
import { processAll } from "./extras.js";
import { reloadPage } from "./reload.js";

const FIRST = 5_000; // ms until the welcome: later, something on the way holds it back
const SILENCE = 25_000; // ms after which a stream counts as lost; the server sends a comment every 10 s
const ACK = 5_000; // ms after which what came is acknowledged by a request of its own
const STREAMS = 4; // of all pages of a site together, with HTTP/1.1
const LOCK = "liveactions stream ";

/** Whether nothing on the way holds responses back, as far as is known. */
let passes = true;
/** @type {AbortController | undefined} of the request whose answer is the page's stream */
let current;
/** Frames that the server doesn't know to have come. */
let unacknowledged = 0;
/** @type {(() => void) | undefined} lets another page have a stream in this one's place; set while this one may have one */
let release;
/** Whether this page waits for its turn. */
let isWaiting = false;

/** Whether frames come over a stream. */
export const isStreaming = () => !!current;

/** Whether a request is due that only acknowledges. */
export const mustAcknowledge = () => unacknowledged >= ACK_AFTER;

/** The hello of a request that is about to be sent acknowledges all. */
export const acknowledged = () => { unacknowledged = 0; };

/** Whether the answer to a request may be a stream. */
export function mayStream() {
  return passes && document.visibilityState === "visible" && (hasManyConnections() || !!release);
}

/** Whether each page may have a stream; also where a browser can't tell who has one. */
const hasManyConnections = () => !navigator.locks
  || /^h[23]/.test(/** @type {PerformanceNavigationTiming | undefined} */ (performance.getEntriesByType("navigation")[0])?.nextHopProtocol ?? "");

/** Settled when this page may have a stream, or can't have one now; then calls back when it may. @param {() => void} then */
export async function takeTurn(then) {
  if (hasManyConnections() || !passes || release || isWaiting) return;
  for (let i = 0; i < STREAMS && !release; i++) {
    await new Promise((decided) => { navigator.locks.request(LOCK + i, { ifAvailable: true }, (lock) => { decided(0); return lock && hold(); }); });
  }
  if (document.visibilityState !== "visible") leaveTurn();
  if (release || document.visibilityState !== "visible") return;
  isWaiting = true;
  navigator.locks.request(LOCK + Math.floor(Math.random() * STREAMS), () => {
    isWaiting = false;
    if (release || document.visibilityState !== "visible") return;
    then();
    return hold();
  });
}

/** Keep a lock until `release` is called. */
const hold = () => new Promise((/** @type {(value: void) => void} */ resolve) => {
  release = () => { release = undefined; resolve(); };
});

/** Gives up the stream; frames that it may still bring don't count. */
export function endStream() {
  current?.abort();
  current = undefined;
}

const leaveTurn = () => release?.();

/** The stream ends with the page's visibility, and another page may have one. */
export function hideStream() {
  endStream();
  leaveTurn();
}

/** Aborts a request whose answer doesn't begin soon, and remembers that none will. @param {AbortController} request */
export function limitFirst(request) {
  const timer = setTimeout(() => { passes = false; request.abort(); }, FIRST);
  return () => clearTimeout(timer);
}

/**
 * Reads a response as the page's stream until it ends.
 * @param {Response} response
 * @param {AbortController} request
 * @param {() => void} welcomed called after the first message
 * @returns {Promise<boolean>} whether it was lost, and no other one has taken its place
 */
export async function readStream(response, request, welcomed) {
  if (document.visibilityState !== "visible") return request.abort(), false;
  endStream();
  current = request;
  /** @type {any[]} */
  const queue = [];
  const reader = /** @type {ReadableStream<BufferSource>} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
  let text = "", timer = 0;
  try {
    for (;;) {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), SILENCE);
      const { done, value } = await reader.read();
      if (done || current !== request) break;
      const events = (text + value).split("\n\n");
      text = /** @type {string} */ (events.pop());
      for (const event of events) {
        const [, close, data] = /^(?:event: (close)\n)?data: (.*)$/.exec(event) ?? [];
        if (close) closeWith(+(data ?? 0));
        else if (data) take(JSON.parse(data));
      }
    }
  } catch { /* aborted, or lost */ }
  clearTimeout(timer);
  const isLost = current === request;
  if (isLost) endStream();
  return isLost;

  /** @param {any} message */
  function take(message) {
    if (queue.push(message) < 2) processAll(queue, apply);
  }

  /** @param {any} message */
  function apply(message) {
    if (current !== request) return;
    if (!core.applyMessage(message)) return endStream(); // the next request asks for the whole page
    if (!Array.isArray(message)) welcomed();
    else if (++unacknowledged === 1) setTimeout(() => { unacknowledged &&= ACK_AFTER; core.send(); }, ACK);
    if (mustAcknowledge()) core.send();
  }
}

/** @param {number} code with which a socket would be closed */
function closeWith(code) {
  if (code === CLOSE_OVER) reloadPage();
  else if (code === CLOSE_PROTOCOL || code === CLOSE_VERSION) core.close(UNCERTAIN);
}
