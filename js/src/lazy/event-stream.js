// Server-sent events in place of the socket: the response to a request with ops stays open, and carries the welcome, frames and
// pushes.
//
// Only visible pages have a stream. With HTTP/1.1, browsers open at most six connections to a site, for all of its pages
// together. So that some are left for other requests, at most four pages have a stream, and the others poll. The four places
// are web locks, named "liveactions stream 0" to "3": a page with a stream holds one of them until it is hidden or closed. A
// page that finds all of them taken queues for a random one, and polls in the meantime.
//
// Proxies may buffer responses, so that a stream delivers nothing. If no welcome comes within five seconds, the page doesn't
// use streams any more.

import { ACK_AFTER, CLOSE_OVER, CLOSE_PROTOCOL, CLOSE_VERSION, UNCERTAIN } from "../core/wire.js";
import { core } from "./bridge.js";
import { processAll } from "./extras.js";
import { reloadPage } from "./reload.js";

const FIRST = 5_000; // ms until the welcome; if it takes longer, a proxy buffers the response
const SILENCE = 25_000; // ms after which a stream counts as lost; the server sends a comment every 10 s
const ACK = 5_000; // ms after which frames are acknowledged by a request of its own
const STREAMS = 4; // of all pages of a site together, with HTTP/1.1
const LOCK = "liveactions stream ";

/** False once a stream was found to be buffered on its way. */
let passes = true;
/** @type {AbortController | undefined} aborts the request whose response is the page's stream */
let current;
/** How many frames came since the last acknowledgement. */
let unacknowledged = 0;
/** @type {(() => void) | undefined} releases the lock; set while this page holds one */
let release;
/** Whether this page is queued for a lock. */
let isWaiting = false;

/** Whether frames come over a stream. */
export const isStreaming = () => !!current;

/** Whether to send a request even without ops, to acknowledge frames. */
export const mustAcknowledge = () => unacknowledged >= ACK_AFTER;

/** Note that a request is being sent, whose hello acknowledges all frames. */
export const acknowledged = () => { unacknowledged = 0; };

/** Whether the response to a request may be a stream. */
export function mayStream() {
  return passes && document.visibilityState === "visible" && (hasManyConnections() || !!release);
}

/** Whether every page may have a stream: with HTTP/2 or 3, and in browsers without web locks. */
const hasManyConnections = () => !navigator.locks
  || /^h[23]/.test(/** @type {PerformanceNavigationTiming | undefined} */ (performance.getEntriesByType("navigation")[0])?.nextHopProtocol ?? "");

/**
 * Try to take one of the locks. If all are taken, queue for one.
 * @param {() => void} then called when the page gets a lock later
 */
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

/** Hold a lock until `release` is called. */
const hold = () => new Promise((/** @type {(value: void) => void} */ resolve) => {
  release = () => { release = undefined; resolve(); };
});

/** End the stream; further frames of it are ignored. */
export function endStream() {
  current?.abort();
  current = undefined;
}

/** Let another page have a stream. */
const leaveTurn = () => release?.();

/** End the stream when the page is hidden, and let another page have one. */
export function hideStream() {
  endStream();
  leaveTurn();
}

/**
 * Abort a request if its stream doesn't begin within `FIRST`, and don't use streams any more.
 * @param {AbortController} request
 * @returns {() => void} call it when the stream has begun
 */
export function limitFirst(request) {
  const timer = setTimeout(() => { passes = false; request.abort(); }, FIRST);
  return () => clearTimeout(timer);
}

/**
 * Read a response as the page's stream until it ends.
 * @param {Response} response
 * @param {AbortController} request
 * @param {() => void} welcomed called after the welcome
 * @returns {Promise<boolean>} whether it was lost, and not replaced by another stream or ended by the page
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
    if (!core.applyMessage(message)) return endStream(); // the next request requests the whole page
    if (!Array.isArray(message)) welcomed();
    else if (++unacknowledged === 1) setTimeout(() => { unacknowledged &&= ACK_AFTER; core.send(); }, ACK);
    if (mustAcknowledge()) core.send();
  }
}

/** React to a close event. @param {number} code the code with which a socket would be closed */
function closeWith(code) {
  if (code === CLOSE_OVER) reloadPage();
  else if (code === CLOSE_PROTOCOL || code === CLOSE_VERSION) core.close(UNCERTAIN);
}
