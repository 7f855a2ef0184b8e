// The WebSocket, and how it comes back.

/** @import { Change } from "../interface.js" */
import { acknowledgement, markUnsent, requestFullPage, due, unansweredOp, frame, giveUp, hello, rev, unacknowledged, welcome } from "./connection.js";
import { loadLazy, lazy } from "./lazy.js";
import { ACK_AFTER, ACK_SECONDS, BYE, CLOSE_OVER, CLOSE_PROTOCOL, SOCKET_WAIT, UNCERTAIN, STORAGE_KEY } from "./wire.js";

const RETRY = 500; // ms: the first of the doubling spans in which a retry comes at random
const RETRY_MOST = 30_000;
const WELCOME = 10_000; // ms that a socket may take until it is of use
const STEADY = 5_000; // ms after which a connection has been a good one
/**
 * What only the rest of the client knows: names of extras, of the whole page, of raw HTML, of a text that grows; markup that
 * browsers heed only while they load a page; items that move, two numbers each.
 */
const NEEDS_LAZY = /"(a|cookies|events|h|page|s|url)":|autofocus|live-run|shadowroot|[[,]\[\d+,-?\d+]/;
const SHOWN_AFTER = 1_500; // ms of trouble until the page shows it
const OLD = 60_000; // ms: the age of a page that may be loaded again

/** No connection will be made any more. */
export let closed = false;
/** Whether the server has welcomed the socket. */
export let open = false;
/** @type {(change: Change) => void} throws when the page doesn't fit */
let apply;
/** @type {WebSocket | undefined} */
let socket;
/** @type {any[]} messages that need the rest of the client, and those after them */
const waiting = [];
/** Connections in a row that came to nothing. */
let attempts = 0;
/** When the trouble began, or the good time. */
let stableSince = 0;
/** @type {number[]} by what they are for */
const timers = [];
const ACK_TIMER = 0, CONNECT_TIMER = 1, FETCH_TIMER = 2, SHOW_TIMER = 3;

/** @param {typeof apply} applier */
export function start(applier) {
  apply = applier;
  addEventListener("online", connect);
  addEventListener("visibilitychange", () => document.hidden || connect()); // a page that is left becomes hidden after pagehide
  addEventListener("pageshow", connect);
  addEventListener("storage", connect);
  addEventListener("pagehide", onPageHide);
  scheduleConnectingIndicator();
  send();
  connect();
}

/** Sends what is due: now, or when there is a way, by fetch if that isn't the socket's soon; pushes come that way, too. */
export function send() {
  if (open) due().forEach(write);
  else after(FETCH_TIMER, stableSince + SOCKET_WAIT * 1000 - performance.now(), sendByFetch);
}

const sendByFetch = () => loadLazy().then((lazy) => {
  if (!lazy) after(FETCH_TIMER, SOCKET_WAIT * 1000, send); // there may be no way at all
  else if (!open) lazy.sendByFetch();
});

/**
 * Sets the timer of this name, or only stops it.
 * @param {number} name
 * @param {number} [ms]
 * @param {() => void} [then]
 */
function after(name, ms, then) {
  clearTimeout(timers[name]);
  if (then) timers[name] = setTimeout(then, ms);
}

/** What the page's script says: the socket's path and the snapshot. */
export const page = () => /** @type {HTMLElement} */ (document.querySelector("script[data-live]")).dataset;

/** The hello of the page as it is. */
const currentHello = () => hello(location.pathname + location.search, page().snapshot);

/** All that waits, for a way of its own. */
export function pendingBatch() {
  markUnsent();
  return { hello: currentHello(), ops: due() };
}

/** @param {any} message */
export function write(message) {
  after(ACK_TIMER);
  socket?.send(JSON.stringify(message));
}

/** @param {string} state */
function showState(state) {
  after(SHOW_TIMER);
  document.documentElement.dataset.live = state;
}

function scheduleConnectingIndicator() {
  stableSince = performance.now();
  after(SHOW_TIMER, SHOWN_AFTER, () => showState("connecting"));
}

/** Connects now unless it does already. @param {any} [event] that of a storage: another tab may have changed the cookies */
function connect(event) {
  if (event?.key === STORAGE_KEY) disconnect();
  if (socket || closed) return;
  after(CONNECT_TIMER, WELCOME, reconnect); // some servers leave a handshake that they don't like without an answer
  const current = (socket = new WebSocket(/** @type {string} */ (page().live)));
  current.onopen = async () => {
    await lazy?.stopFetching();
    if (socket === current) write(currentHello());
  };
  current.onmessage = ({ data }) => { if (socket === current) onMessage(data); };
  current.onclose = (event) => { if (socket === current) onClose(event); };
}

/** No message of this socket counts any more. */
function disconnect() {
  socket?.close();
  socket = undefined;
  waiting.splice(0);
  after(ACK_TIMER);
  if (!open) return;
  open = false;
  if (performance.now() - stableSince > STEADY) attempts = 0;
  scheduleConnectingIndicator();
  send();
}

/** @param {CloseEvent} event */
function onClose({ code }) {
  disconnect();
  if (code === CLOSE_OVER) reload();
  else if (code >> 1 === CLOSE_PROTOCOL >> 1) close(UNCERTAIN); // or CLOSE_VERSION, the next number
  else reconnect();
}

/** Leaves the socket for another one: at a random time of spans that double (full jitter). */
function reconnect() {
  disconnect();
  after(CONNECT_TIMER, Math.random() * Math.min(RETRY_MOST, RETRY * 2 ** attempts++), connect);
}

/** Loads the page again, where nothing else helps. */
const reload = () => loadLazy().then((lazy) => {
  if (lazy) lazy.reloadPage();
  // There is no way to its file now, or it is no more: then a page that isn't quite new gets another client.
  else if (performance.now() > OLD) location.reload();
  else reconnect();
});

/**
 * No connection will be made any more.
 * @param {number} status of what waits
 * @param {any} [payload]
 */
export function close(status, payload) {
  closed = true;
  showState("closed");
  loadLazy(); // which says so
  const change = giveUp(status, payload);
  apply(change);
  return change.settled;
}

/** @param {PageTransitionEvent} event */
function onPageHide({ persisted }) {
  lazy?.flushDelays();
  // The browser's cache takes no page with an open socket, and may give it back.
  if (open && !persisted) write(unansweredOp(BYE));
  disconnect();
}

/** What comes is heard in order. @param {string} text of the socket */
function onMessage(text) {
  const message = JSON.parse(text);
  if (waiting[0] || lazy?.needsTransition(message) || NEEDS_LAZY.test(text)) {
    // A new connection would be without the cookies that may be due.
    if (waiting.push(message) < 2) loadLazy().then((lazy) => (lazy ? lazy.processAll(waiting, process) : reload()));
  } else process(message);
}

/** @param {any} message */
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
 * Applies a welcome or a frame.
 * @param {any} message
 * @returns {boolean} false: it doesn't follow what came before, or the page doesn't fit
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
