// Ops by fetch, while the socket doesn't open: hello and what waits in one request. The answer is a stream of events, or all
// of welcome and frames at once.

/** @import { Features } from "../interface.js" */
import { notifyTabs } from "../core/tabs.js";
import { BYE, ERROR, HEADER_OPS, HEADER_SKIPPED, HEADER_STREAM, NAVIGATE, SOCKET_WAIT, STORAGE_KEY } from "../core/wire.js";
import { core } from "./bridge.js";
import { acknowledged, endStream, hideStream, isStreaming, limitFirst, mayStream, mustAcknowledge, readStream, takeTurn } from "./event-stream.js";
import { prepare } from "./extras.js";
import { loaded } from "./loading.js";
import { requestSubmit } from "./members.js";
import { reloadPage } from "./reload.js";

const POLL = 5_000; // ms between two requests of a page that nothing is pushed to
const RETRY = 500; // ms, at most, until a stream that was lost is opened again
const RETRY_MOST = 30_000; // ms
const MISSES = 16; // requests that may come to other processes than the one that has the page's stream
const ANSWER = "application/json";

/** @type {Promise<void> | undefined} the request that is under way, until its answer begins */
let sending;
/** Ends that request. */
let control = new AbortController();
/** Requests in a row that came to nothing. */
let failures = 0;
/** Whether the page's session was last met by fetch, not by a socket. */
let isByFetch = false;
let timer = 0;
/** Whether a request came to nothing, and the next one has to wait. */
let isPausing = false;
/** Whether the page has been refused: nothing is sent any more. */
let isOver = false;

/** @type {Features["fetching"]} */
export const feature = {
  get busy() { return sending; },
  start, sendByFetch, stopFetching,
};

/** Sends what waits, and then what has come meanwhile, as long as there is no socket. */
function sendByFetch() {
  if (isPausing || !mustSend()) return;
  sending ??= exchange().then((isAnswered) => {
    sending = undefined;
    failures = isAnswered ? 0 : failures + 1;
    if (isAnswered) isByFetch = true;
    if (!isAnswered) sendAfter(Math.random() * Math.min(RETRY_MOST, SOCKET_WAIT * 1000 * 2 ** (failures - 1)), true);
    else if (!isStreaming() && !core.pending()[0]) sendAfter(POLL);
    else core.send();
  });
}

/** Sends what waits then, unless something else decides when. @param {number} ms @param {boolean} pauses nothing is sent before */
function sendAfter(ms, pauses = false) {
  clearTimeout(timer);
  isPausing = pauses;
  timer = setTimeout(() => { isPausing = false; core.send(); }, ms);
}

/** Whether something is to be sent, or to be asked for. */
function mustSend() {
  if (isOver) return false;
  if (isStreaming()) return mustAcknowledge() || core.pending().some(({ out }) => !out);
  return core.pending()[0] || document.visibilityState === "visible";
}

/** Nothing that comes by fetch counts any more. @returns {Promise<void> | undefined} settled when no request is under way */
function stopFetching() {
  endStream();
  isByFetch = false;
  return sending;
}

function start() {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendAfter(0);
    else hideStream();
  });
  addEventListener("storage", ({ key }) => {
    if (key !== STORAGE_KEY || !isStreaming()) return;
    endStream(); // it belongs to the cookies that the browser had before
    core.send();
  });
  addEventListener("pagehide", ({ persisted }) => {
    if (isByFetch && !persisted) post([core.unansweredOp(BYE)], { Accept: ANSWER }, { keepalive: true }).catch(() => {});
    hideStream();
  });
}

/**
 * @param {any[][]} more ops besides those that wait
 * @param {Record<string, string>} headers
 * @param {RequestInit} options
 */
async function post(more, headers, options) {
  const { hello, ops } = core.pendingBatch();
  if (!hello.token) { // if the answer was lost, another session would begin, and run them again
    ops.splice(0);
    core.unsend(hello.op);
    for (const op of core.pending()) op.out = false;
  }
  if (ops.some(([, , kind]) => kind === NAVIGATE)) hello.url = loaded.navigation?.shownPath() ?? hello.url; // the address is that of the page to come
  acknowledged();
  const response = await fetch(hello.url, {
    method: "POST",
    headers: { [HEADER_OPS]: "1", "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ hello, ops: [...ops, ...more] }),
    ...options,
  });
  if (response.headers.has(HEADER_SKIPPED)) core.unsend(hello.op);
  return response;
}

/** @returns {Promise<boolean>} whether what waits is answered, or will be: else it is to be tried again */
async function exchange() {
  await takeTurn(core.send);
  // Another process could only go on where this one stops: what is running there would be cut off.
  for (let misses = 0; isStreaming() && misses < MISSES; misses++) {
    const isAnswered = await attempt({ [HEADER_STREAM]: "1" });
    if (isAnswered !== undefined) return isAnswered;
  }
  return !!await attempt({});
}

/**
 * @param {Record<string, string>} headers
 * @returns {Promise<boolean | undefined>} as `exchange`; undefined if another process has the page's stream
 */
async function attempt(headers) {
  const request = (control = new AbortController());
  const streams = mayStream();
  const unlimit = streams && !isStreaming() ? limitFirst(request) : () => {};
  const answering = post([], { Accept: streams ? `text/event-stream, ${ANSWER}` : ANSWER, ...headers }, { signal: request.signal });
  const out = core.pending().filter((op) => op.out);
  const response = await answering.catch(() => null);
  if (!response || response.status >= 500) return unlimit(), false;
  const isSkipped = response.headers.has(HEADER_SKIPPED);
  if (response.status === 204) return unlimit(), isSkipped ? undefined : isStreaming(); // what it brings comes over the stream
  if (!response.ok) unlimit(), giveUp(response);
  else if (response.headers.get("Content-Type")?.startsWith("text/event-stream")) return stream(response, request, isSkipped ? [] : out, unlimit);
  else {
    unlimit();
    const answer = await response.json().catch(() => null); // the connection may break in the middle of it
    if (!answer) return false;
    loaded.changes?.finishLeaving();
    showOpen();
    if (answer.cookies) notifyTabs();
    for (const message of [answer.welcome, ...answer.frames]) {
      if (!(await prepare(message))) return reloadPage(), true; // cookies of what went over a socket before
      if (!core.applyMessage(message)) break;
    }
  }
  return true;
}

/**
 * @param {Response} response
 * @param {AbortController} request of which it is the answer
 * @param {import("../interface.js").Op[]} out ops that it answers
 * @param {() => void} unlimit
 * @returns {Promise<boolean>} whether the welcome has come
 */
function stream(response, request, out, unlimit) {
  return new Promise((resolve) => {
    readStream(response, request, () => {
      unlimit();
      for (const op of out) op.out = true; // whatever the welcome makes of them
      showOpen();
      resolve(true);
    }).then((isLost) => {
      unlimit();
      resolve(false);
      const { dataset } = document.documentElement;
      if (!isLost || dataset.live === "closed") return;
      dataset.live = "connecting";
      control.abort(); // the answer to what was sent beside it would have come over it
      sendAfter(Math.random() * RETRY);
    });
  });
}

function showOpen() {
  const { dataset } = document.documentElement;
  if (dataset.live !== "open") dataset.live = "open";
}

/**
 * There is no way to the server but one of the browser's own: a post, or else a page that is over is loaded again.
 * @param {Response} response
 */
function giveUp({ status, statusText }) {
  isOver = true;
  if (status === 409 && !core.pending().some(({ post }) => post)) return reloadPage();
  const ops = core.close(ERROR, { error: statusText, status }).map(([op]) => op);
  const post = ops.find(({ post }) => post)?.post;
  if (post) requestSubmit(...post);
}
