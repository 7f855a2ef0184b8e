// Sends ops by fetch while no socket can be opened: each request has the hello and the unfinished ops. The response is an event
// stream (see event-stream.js), or one JSON document with the welcome and all frames; then the page polls.

/** @import { Features } from "../interface.js" */
import { notifyTabs } from "../core/tabs.js";
import { BYE, ERROR, HEADER_OPS, HEADER_SKIPPED, HEADER_STREAM, NAVIGATE, SOCKET_WAIT, STORAGE_KEY } from "../core/wire.js";
import { core } from "./bridge.js";
import { acknowledged, endStream, hideStream, isStreaming, limitFirst, mayStream, mustAcknowledge, readStream, takeTurn } from "./event-stream.js";
import { prepare } from "./extras.js";
import { loaded } from "./loading.js";
import { requestSubmit } from "./members.js";
import { reloadPage } from "./reload.js";

const POLL = 5_000; // ms between requests of a page without a stream
const RETRY = 500; // ms: the longest pause before a lost stream is opened again
const RETRY_MOST = 30_000; // ms: the longest pause after failed requests
const MISSES = 16; // tries to reach the process that serves the page's stream
const ANSWER = "application/json";

/** @type {Promise<void> | undefined} the request that is being sent, until its response begins */
let sending;
/** Aborts that request. */
let control = new AbortController();
/** How many requests have failed in a row. */
let failures = 0;
/** Whether the session was last reached by fetch, not by a socket. */
let isByFetch = false;
/** Whether a request was sent after the last hello over a socket: the answer to that hello is out of date. */
let hasOvertaken = false;
let timer = 0;
/** Whether to send nothing before the timer fires, after a failure. */
let isPausing = false;
/** Whether the server has rejected the page: nothing is sent any more. */
let isOver = false;

/** @type {Features["fetching"]} */
export const feature = {
  get busy() { return hasOvertaken; },
  start, sendByFetch, stopFetching,
};

/** Send the unfinished ops, and those that are added meanwhile, as long as there is no socket. */
function sendByFetch() {
  if (isPausing || !mustSend()) return;
  hasOvertaken = true;
  sending ??= exchange().then((isAnswered) => {
    sending = undefined;
    failures = isAnswered ? 0 : failures + 1;
    if (isAnswered) isByFetch = true;
    if (!isAnswered) sendAfter(Math.random() * Math.min(RETRY_MOST, SOCKET_WAIT * 1000 * 2 ** (failures - 1)), true);
    else if (!isStreaming() && !core.pending()[0]) sendAfter(POLL);
    else core.send();
  });
}

/** Send after a pause. @param {number} ms milliseconds @param {boolean} pauses whether nothing may be sent earlier */
function sendAfter(ms, pauses = false) {
  clearTimeout(timer);
  isPausing = pauses;
  timer = setTimeout(() => { isPausing = false; core.send(); }, ms);
}

/** Whether a request is due: to send ops, acknowledge or poll. */
function mustSend() {
  if (isOver) return false;
  if (isStreaming()) return mustAcknowledge() || core.pending().some(({ out }) => !out);
  return core.pending()[0] || document.visibilityState === "visible";
}

/** End the stream, since a socket is open, and wait until no request is being sent. */
async function stopFetching() {
  endStream();
  isByFetch = false;
  await sending;
  hasOvertaken = false;
}

/** React when the page is hidden or left, or its cookies have changed. */
function start() {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendAfter(0);
    else hideStream();
  });
  addEventListener("storage", ({ key }) => {
    if (key !== STORAGE_KEY || !isStreaming()) return;
    endStream(); // it was opened with the previous cookies
    core.send();
  });
  addEventListener("pagehide", ({ persisted }) => {
    if (isByFetch && !persisted) post([core.unansweredOp(BYE)], { Accept: ANSWER }, { keepalive: true }).catch(() => {});
    hideStream();
  });
}

/**
 * Post the hello and the unfinished ops.
 * @param {any[][]} more further ops
 * @param {Record<string, string>} headers
 * @param {RequestInit} options
 */
async function post(more, headers, options) {
  const { hello, ops } = core.pendingBatch();
  if (!hello.token) { // without a session, first open one: if the response were lost, another session would run the ops again
    ops.splice(0);
    core.unsend(hello.op);
    for (const op of core.pending()) op.out = false;
  }
  if (ops.some(([, , kind]) => kind === NAVIGATE)) hello.url = loaded.navigation?.shownPath() ?? hello.url; // the address is already that of the next page
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

/** Send a request. @returns {Promise<boolean>} whether the ops are answered, or will be over the stream; false: try again */
async function exchange() {
  await takeTurn(core.send);
  // With a stream, try to reach the process that serves it. Any other one would have to take over the session, which would end
  // the stream and what is running there.
  for (let misses = 0; isStreaming() && misses < MISSES; misses++) {
    const isAnswered = await attempt({ [HEADER_STREAM]: "1" });
    if (isAnswered !== undefined) return isAnswered;
  }
  return !!await attempt({});
}

/**
 * Send one request, and process its response.
 * @param {Record<string, string>} headers
 * @returns {Promise<boolean | undefined>} as for `exchange`; undefined if the request didn't reach the process with the stream
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
  if (response.status === 204) return unlimit(), isSkipped ? undefined : isStreaming(); // the answers come over the stream
  if (!response.ok) unlimit(), giveUp(response);
  else if (response.headers.get("Content-Type")?.startsWith("text/event-stream")) return stream(response, request, isSkipped ? [] : out, unlimit);
  else {
    unlimit();
    const answer = await response.json().catch(() => null); // the connection may break while the body is read
    if (!answer) return false;
    loaded.changes?.finishLeaving();
    showOpen();
    if (answer.cookies) notifyTabs();
    for (const message of [answer.welcome, ...answer.frames]) {
      if (!(await prepare(message))) return reloadPage(), true; // fetches cookies of ops that were sent over a socket before
      if (!core.applyMessage(message)) break;
    }
  }
  return true;
}

/**
 * Read a response as the page's stream; when it is lost, open another one.
 * @param {Response} response
 * @param {AbortController} request the response's request
 * @param {import("../interface.js").Op[]} out the ops in the request
 * @param {() => void} unlimit stops the time limit for the welcome
 * @returns {Promise<boolean>} resolves when the welcome has come (true), or the stream has ended before (false)
 */
function stream(response, request, out, unlimit) {
  return new Promise((resolve) => {
    readStream(response, request, () => {
      unlimit();
      for (const op of out) op.out = true; // the welcome has marked them as unsent
      showOpen();
      resolve(true);
    }).then((isLost) => {
      unlimit();
      resolve(false);
      const { dataset } = document.documentElement;
      if (!isLost || dataset.live === "closed") return;
      dataset.live = "connecting";
      control.abort(); // a request sent meanwhile expects its answers over the lost stream
      sendAfter(Math.random() * RETRY);
    });
  });
}

/** Show that the page is connected. */
function showOpen() {
  const { dataset } = document.documentElement;
  if (dataset.live !== "open") dataset.live = "open";
}

/**
 * Give up when the server has rejected a request: let the browser post the form itself; or reload a page whose session is over.
 * @param {Response} response
 */
function giveUp({ status, statusText }) {
  isOver = true;
  if (status === 409 && !core.pending().some(({ post }) => post)) return reloadPage();
  const ops = core.close(ERROR, { error: statusText, status }).map(([op]) => op);
  const post = ops.find(({ post }) => post)?.post;
  if (post) requestSubmit(...post);
}
