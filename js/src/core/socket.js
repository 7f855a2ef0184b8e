// The WebSocket, and how it comes back.

import { acknowledgement, again, doubt, due, finalOp, frame, giveUp, hello, ops, rev, unacknowledged, welcome } from "./connection.js";
import { loadMore, more } from "./lazy.js";
import { ACK_AFTER, ACK_SECONDS, BYE, CLOSE_OVER, CLOSE_PROTOCOL, CLOSE_TAKEN, CLOSE_VERSION, SOCKET_WAIT, UNCERTAIN } from "./wire.js";

const RETRY = 500; // ms: the first of the doubling spans in which a retry comes at random
const RETRY_MOST = 30_000;
const STEADY = 5_000; // ms after which a connection has been a good one
/** What only the rest of the client knows: names of extras, of the whole page, of raw HTML; markup that browsers heed only while they load a page. */
const NEEDS_MORE = /"(cookies|events|h|page|s|url)":|autofocus|live-run|shadowroot/;
const SHOWN_AFTER = 1_500; // ms of trouble until the page shows it

/** No connection will be made any more. */
export let closed = false;
/** Whether the server has welcomed the socket. */
export let open = false;
/** @type {(change: import("./connection.js").Change) => void} throws when the page doesn't fit */
let apply;
/** @type {WebSocket | undefined} */
let socket;
/** @type {unknown} what a hello has to wait for */
let busy;
/** @type {any[]} messages that need the rest of the client, and those after them */
const waiting = [];
/** Connections in a row that came to nothing. */
let attempts = 0;
/** When the trouble began, or the good time. */
let since = 0;
/** @type {Record<string, number>} */
const timers = {};

/** @param {typeof apply} applier */
export function start(applier) {
  apply = applier;
  for (const type of ["online", "visibilitychange", "pageshow"]) addEventListener(type, connect);
  addEventListener("pagehide", leave);
  worry();
  connect();
}

/** Sends what is due, now or when there is a way. */
export function send() {
  if (open) due().forEach(write);
  else if (ops[0]) after("fetch", since + SOCKET_WAIT * 1000 - performance.now(), post);
}

/** Sends by fetch what waits, once what went before is answered. */
function post() {
  if (!open && !closed && !busy && ops[0]) {
    busy = loadMore().then((more) => more?.post()).then((sent) => {
      busy = 0;
      if (!open) after("fetch", sent ? 0 : Math.random() * SOCKET_WAIT * 1000, post);
    });
  }
}

/**
 * Sets the timer of this name, or only stops it.
 * @param {string} name
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
const greeting = () => hello(location.pathname + location.search, page().snapshot);

/** All that waits, for a way of its own. */
export function parcel() {
  again();
  return { hello: greeting(), ops: due() };
}

/** @param {any} message */
function write(message) {
  after("ack");
  socket?.send(JSON.stringify(message));
}

/** @param {string} state */
function show(state) {
  const { dataset } = document.documentElement;
  after("show");
  if (dataset.live !== state) dataset.live = state;
}

function worry() {
  since = performance.now();
  after("show", SHOWN_AFTER, () => show("connecting"));
}

/** Connects now unless it does already. */
function connect() {
  if (socket || closed) return;
  after("connect");
  const mine = (socket = new WebSocket(page().live ?? ""));
  mine.onopen = async () => {
    await busy;
    if (socket === mine) write(greeting());
  };
  mine.onmessage = ({ data }) => { if (socket === mine) hear(data); };
  mine.onclose = (event) => { if (socket === mine) lose(event); };
}

/** No message of this socket counts any more. */
function drop() {
  const old = socket;
  socket = undefined;
  waiting.splice(0);
  old?.close();
  after("ack");
  if (!open) return;
  open = false;
  if (performance.now() - since > STEADY) attempts = 0;
  worry();
  send();
}

/** @param {CloseEvent} event */
function lose({ code }) {
  drop();
  if (code === CLOSE_OVER) location.reload();
  else if (code === CLOSE_PROTOCOL || code === CLOSE_VERSION || code === CLOSE_TAKEN) close(UNCERTAIN);
  else retry();
}

/** Full jitter: at a random time of spans that double. */
const retry = () => after("connect", Math.random() * Math.min(RETRY_MOST, RETRY * 2 ** attempts++), connect);

/**
 * No connection will be made any more.
 * @param {number} status of what waits
 * @param {any} [payload]
 */
export function close(status, payload) {
  closed = true;
  show("closed");
  const change = giveUp(status, payload);
  apply(change);
  return change.settled.map(([op]) => op);
}

/** @param {PageTransitionEvent} event */
function leave({ persisted }) {
  more?.flush();
  // The browser's cache takes no page with an open socket, and may give it back.
  if (open && !persisted) write(finalOp(BYE));
  drop();
}

/** What comes is heard in order. @param {string} text of the socket */
function hear(text) {
  const message = JSON.parse(text);
  if (waiting[0] || more?.defers(message) || NEEDS_MORE.test(text)) {
    // A new connection would be without the cookies that may be due.
    if (waiting.push(message) < 2) loadMore().then((more) => (more ? more.heedAll(waiting, heed) : location.reload()));
  } else heed(message);
}

/** @param {any} message */
function heed(message) {
  if (busy || !take(message)) {
    drop();
    return retry();
  }
  if (!open) {
    open = true;
    since = performance.now();
    after("fetch");
    show("open");
  }
  send();
  if (unacknowledged) after("ack", unacknowledged < ACK_AFTER ? ACK_SECONDS * 1000 : 0, () => write(acknowledgement()));
}

/**
 * Applies a welcome or a frame.
 * @param {any} message
 * @returns {boolean} false: it doesn't follow what came before, or the page doesn't fit
 */
export function take(message) {
  const isFrame = Array.isArray(message);
  // Nothing but the whole page helps a page that doesn't fit.
  if (rev < 0 && !isFrame && !message.patch?.page) location.reload();
  const change = isFrame ? frame(message) : welcome(message);
  if (!change) return false;
  try {
    apply(change);
  } catch (error) {
    console.error(error);
    doubt();
  }
  return rev >= 0;
}
