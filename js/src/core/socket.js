// Opens the WebSocket, exchanges messages over it, and reconnects when it is lost. While there is none, ops go by fetch.

/** @import { Change } from "../interface.js" */
import { acknowledgement, markUnsent, requestFullPage, due, unansweredOp, frame, giveUp, hello, rev, unacknowledged, welcome } from "./connection.js";
import { loadLazy, lazy } from "./lazy.js";
import { ACK_AFTER, ACK_SECONDS, BYE, CLOSE_OVER, CLOSE_PROTOCOL, SOCKET_WAIT, UNCERTAIN, STORAGE_KEY } from "./wire.js";

const RETRY = 500; // ms: upper bound of the first retry's random delay, doubled for each further one
const RETRY_MOST = 30_000; // ms: the largest upper bound
const WELCOME = 10_000; // ms from connecting to the server's welcome
const STEADY = 5_000; // ms after which a connection counts as stable, and the delays start over
/**
 * Messages that only the lazy half can process: they have extras, a whole page, raw HTML or a text that grows; markup that
 * browsers only interpret while loading a page; items that move, which are two numbers each; or they are welcomes that replace
 * the whole content of a slot.
 */
const NEEDS_LAZY = /"(a|cookies|events|h|page|s|url)":|autofocus|live-run|shadowroot|[[,]\[\d+,-?\d+]|^{.*{"/;
const SHOWN_AFTER = 1_500; // ms without a connection until the page shows it
const OLD = 60_000; // ms: pages that are younger aren't reloaded, which prevents a loop

/** Whether the client has given up: it doesn't connect any more. */
export let closed = false;
/** Whether the server has welcomed the socket. */
export let open = false;
/** @type {(change: Change) => void} applies a change; throws if the page doesn't match it */
let apply;
/** @type {WebSocket | undefined} */
let socket;
/** @type {any[]} messages that need the lazy half, and all that came after them */
const waiting = [];
/** How many attempts to connect have failed in a row. */
let attempts = 0;
/** When the socket was opened, welcomed or lost, whichever was last. */
let stableSince = 0;
/** @type {number[]} ids of timers, by the constants below */
const timers = [];
const ACK_TIMER = 0, CONNECT_TIMER = 1, FETCH_TIMER = 2, SHOW_TIMER = 3;

/** Connect, and stay connected. @param {typeof apply} applier */
export function start(applier) {
  apply = applier;
  addEventListener("online", connect);
  addEventListener("visibilitychange", () => document.hidden || connect()); // when a page is left, it is hidden only after pagehide
  addEventListener("pageshow", connect);
  addEventListener("storage", connect);
  addEventListener("pagehide", onPageHide);
  expectWelcome();
  connect();
}

/**
 * Send the ops that are due. Without a welcome, wait for one for `SOCKET_WAIT`, and then use fetch, which also brings
 * pushes.
 */
export function send() {
  if (open) due().forEach(write);
  else after(FETCH_TIMER, stableSince + SOCKET_WAIT * 1000 - performance.now(), sendByFetch);
}

const sendByFetch = () => loadLazy().then((lazy) => {
  if (!lazy) after(FETCH_TIMER, SOCKET_WAIT * 1000, send); // probably offline
  else if (!open) lazy.sendByFetch();
});

/**
 * Stop a timer, and start it again if `then` is given.
 * @param {number} name
 * @param {number} [ms]
 * @param {() => void} [then]
 */
function after(name, ms, then) {
  clearTimeout(timers[name]);
  if (then) timers[name] = setTimeout(then, ms);
}

/** The data attributes of the client's script: the socket's path, the snapshot and others. */
export const page = () => /** @type {HTMLElement} */ (document.querySelector("script[data-live]")).dataset;

/** Build the hello for the page as it is now. */
const currentHello = () => hello(location.pathname + location.search, page().snapshot);

/** Take all unfinished ops, to send them by fetch. */
export function pendingBatch() {
  markUnsent();
  return { hello: currentHello(), ops: due() };
}

/** Send a message over the socket. Throws while the socket is connecting. @param {any} message */
export function write(message) {
  after(ACK_TIMER);
  socket?.send(JSON.stringify(message));
}

/**
 * Show the state of the connection in `data-live` of the root element, and load the lazy half, which has notices about it,
 * while there is a connection.
 * @param {string} state
 */
function showState(state) {
  after(SHOW_TIMER, SHOWN_AFTER, loadLazy);
  document.documentElement.dataset.live = state;
}

/** Show that there is no connection, and send ops by fetch, unless there is a welcome soon. */
function expectWelcome() {
  stableSince = performance.now();
  after(SHOW_TIMER, SHOWN_AFTER, () => showState("connecting"));
  send();
}

/**
 * Connect now, unless there is a socket.
 * @param {any} [event] a storage event means that another tab may have changed the cookies
 */
function connect(event) {
  if (event?.key === STORAGE_KEY) disconnect();
  if (socket || closed) return;
  after(CONNECT_TIMER, WELCOME, reconnect); // some proxies never answer a handshake that they reject
  const current = (socket = new WebSocket(/** @type {string} */ (page().live)));
  current.onopen = async () => {
    expectWelcome();
    await lazy?.stopFetching();
    if (socket === current) write(currentHello());
  };
  current.onmessage = ({ data }) => { if (socket === current) onMessage(data); };
  current.onclose = (event) => { if (socket === current) onClose(event); };
}

/** Close the socket, and ignore what it may still deliver. */
function disconnect() {
  socket?.close();
  socket = undefined;
  waiting.splice(0);
  after(ACK_TIMER);
  if (!open) return;
  open = false;
  if (performance.now() - stableSince > STEADY) attempts = 0;
  expectWelcome();
}

/** React to the server's close code. @param {CloseEvent} event */
function onClose({ code }) {
  disconnect();
  if (code === CLOSE_OVER) reload();
  else if (code >> 1 === CLOSE_PROTOCOL >> 1) close(UNCERTAIN); // or CLOSE_VERSION, the next number
  else reconnect();
}

/**
 * Drop the socket, and connect again after a random delay whose upper bound doubles each time (exponential backoff, full
 * jitter).
 */
function reconnect() {
  disconnect();
  after(CONNECT_TIMER, Math.random() * Math.min(RETRY_MOST, RETRY * 2 ** attempts++), connect);
}

/** Reload the page, as a last resort. */
const reload = () => loadLazy().then((lazy) => {
  if (lazy) lazy.reloadPage();
  // The file of the lazy half can't be loaded. If a deployment has removed it, a reload brings the new client.
  else if (performance.now() > OLD) location.reload();
  else reconnect();
});

/**
 * Give up: end all unfinished ops, and don't connect any more.
 * @param {number} status how the ops end
 * @param {any} [payload]
 */
export function close(status, payload) {
  closed = true;
  showState("closed");
  loadLazy(); // shows a notice
  const change = giveUp(status, payload);
  apply(change);
  return change.settled;
}

/** Disconnect when the page is left. @param {PageTransitionEvent} event */
function onPageHide({ persisted }) {
  lazy?.flushDelays();
  // A page with an open socket can't enter the back/forward cache. One that enters it may return, so it doesn't say BYE.
  if (open && !persisted) write(unansweredOp(BYE));
  disconnect();
}

/** Process messages in order; load the lazy half first for those that need it. @param {string} text */
function onMessage(text) {
  const message = JSON.parse(text);
  if (waiting[0] || lazy?.needsTransition(message) || NEEDS_LAZY.test(text)) {
    // If that fails, reload instead of reconnecting: the message may bring cookies, which the next connection would lack.
    if (waiting.push(message) < 2) loadLazy().then((lazy) => (lazy ? lazy.processAll(waiting, process) : reload()));
  } else process(message);
}

/** Apply a message, send what is due, and acknowledge. @param {any} message */
function process(message) {
  if (lazy?.busy || !applyMessage(message)) return reconnect();
  if (!open) {
    open = true;
    stableSince = performance.now();
    after(CONNECT_TIMER);
    after(FETCH_TIMER);
    showState("open");
  }
  send();
  if (unacknowledged) after(ACK_TIMER, unacknowledged < ACK_AFTER ? ACK_SECONDS * 1000 : 0, () => write(acknowledgement()));
}

/**
 * Apply a welcome or a frame.
 * @param {any} message
 * @returns {boolean} false if an earlier frame is missing, or the page doesn't match; a new connection is needed then
 */
export function applyMessage(message) {
  const isFrame = Array.isArray(message);
  const change = isFrame ? frame(message) : welcome(message);
  if (!change) return false;
  try {
    apply(change);
  } catch (error) {
    console.error(error);
    requestFullPage();
  }
  return rev >= 0;
}
