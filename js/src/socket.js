// The transport: a WebSocket that comes back, and fetch while it doesn't open.

import {
  ACK_AFTER, ACK_SECONDS, BYE, CLOSE_OVER, CLOSE_TAKEN, CLOSE_VERSION, FRAME_BYTES, HEADER_OPS, SOCKET_WAIT,
} from "./wire.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./connection.js").Change} Change */

const RETRY = 500; // ms: the first of the doubling spans in which a retry comes at random
const RETRY_MOST = 30_000;
const STEADY = 5_000; // ms after which a connection counts as good and the spans begin anew
const SHOWN_AFTER = 1_500; // ms of trouble until the page shows it

/**
 * @typedef {object} Listener
 * @property {(change: Change) => void} apply throws when the page doesn't fit
 * @property {(why: { code: number, reason: string }) => void} lost
 * @property {() => void} opened
 * @property {() => void} over no connection will be made any more
 * @property {() => void} leaving last chance to add ops
 */

export class Transport {
  /**
   * @param {Connection} connection
   * @param {string} path of the socket
   * @param {Listener} listener
   */
  constructor(connection, path, listener) {
    this._connection = connection;
    this._path = path;
    this._listener = listener;
    /** @type {WebSocket | null} */
    this._socket = null;
    /** @type {Promise<void> | null} the request under way */
    this._request = null;
    /** Whether the server has welcomed this socket. */
    this.open = false;
    this.closed = false;
    this._attempts = 0;
    this._failures = 0; // of requests
    this._since = 0; // when the connection became good, or the trouble began
    /** @type {Record<string, number>} */
    this._timers = {};
  }

  start() {
    addEventListener("online", () => this._reconnect());
    addEventListener("visibilitychange", () => { if (!document.hidden) this._hurry(); });
    addEventListener("pageshow", (event) => { if (event.persisted) this._return(); });
    addEventListener("pagehide", (event) => this._leave(event.persisted));
    this._trouble();
    this._connect();
  }

  /** Sends what is due, now or when there is a way. */
  send() {
    if (this.open) {
      for (const op of this._connection.due()) this._write(op);
    } else if (this._connection.ops.length) {
      this._after("fetch", this._since + SOCKET_WAIT * 1000 - performance.now(), () => this._fetch());
    }
  }

  /**
   * Runs a timer of this name, instead of the one before.
   * @param {string} name
   * @param {number} [ms]
   * @param {() => void} [then]
   */
  _after(name, ms, then) {
    clearTimeout(this._timers[name]);
    if (then) this._timers[name] = setTimeout(then, Math.max(0, /** @type {number} */ (ms)));
  }

  /** @param {any} message */
  _write(message) {
    this._after("ack");
    this._socket?.send(JSON.stringify(message));
  }

  _trouble() {
    this._since = performance.now();
    this._after("show", SHOWN_AFTER, () => this._show("connecting"));
  }

  /** @param {string} state */
  _show(state) {
    this._after("show");
    document.documentElement.dataset.live = state;
  }

  _connect() {
    this._after("connect");
    const socket = (this._socket = new WebSocket(new URL(this._path, location.href.replace(/^http/, "ws"))));
    const mine = () => this._socket === socket;
    socket.onopen = async () => {
      await this._request;
      if (mine()) this._write(this._connection.hello(here()));
    };
    socket.onmessage = ({ data }) => { if (mine()) this._receive(data); };
    socket.onclose = (event) => { if (mine()) this._lost(event); };
  }

  /** @param {string} data */
  _receive(data) {
    const sound = this._safely(() => {
      const message = JSON.parse(data);
      if (Array.isArray(message)) this._frame(message);
      else this._welcome(message);
    });
    if (sound) this.send();
    else this._reconnect();
  }

  /**
   * Whether the page and the patch fit. If not, the next hello asks for the whole page; if that doesn't help, it is over.
   * @param {() => void} work
   */
  _safely(work) {
    try {
      work();
      return true;
    } catch (error) {
      console.error(error);
      this._connection.rev = -1;
      return false;
    }
  }

  /** @param {any} message */
  _welcome(message) {
    if (this._connection.rev < 0 && !message.patch?.page) return location.reload();
    this._listener.apply(this._connection.welcome(message));
    this.open = true;
    this._since = performance.now();
    this._after("fetch");
    this._show("open");
    this._listener.opened();
  }

  /** @param {any[]} message */
  _frame(message) {
    const change = this._connection.frame(message);
    if (!change) return this._reconnect();
    this._listener.apply(change);
    if (this._connection.unacknowledged >= ACK_AFTER) this._acknowledge();
    else if (this._connection.unacknowledged) this._after("ack", ACK_SECONDS * 1000, () => this._acknowledge());
  }

  _acknowledge() {
    if (this.open) this._write(this._connection.acknowledge());
  }

  /** @param {{ code: number, reason: string }} why */
  _lost(why) {
    this._drop(why);
    if (why.code === CLOSE_OVER) location.reload();
    else if (why.code === CLOSE_VERSION || why.code === CLOSE_TAKEN) this._over();
    else this._retry();
  }

  _over() {
    this.closed = true;
    this._after("fetch");
    this._show("closed");
    this._listener.over();
  }

  /** @param {{ code: number, reason: string }} why */
  _drop(why) {
    const socket = this._socket;
    this._socket = null;
    socket?.close();
    this._after("ack");
    if (!this.open) return;
    this.open = false;
    if (performance.now() - this._since > STEADY) this._attempts = 0;
    this._trouble();
    this._listener.lost(why);
    this.send();
  }

  _retry() {
    this._after("connect", backoff(this._attempts++), () => this._connect());
  }

  /** Connects now unless connected. */
  _hurry() {
    if (!this._socket && !this.closed) this._connect();
  }

  _reconnect() {
    this._drop({ code: 1000, reason: "" });
    this._hurry();
  }

  /** @param {boolean} mayReturn from the browser's cache; it takes no page with an open socket */
  _leave(mayReturn) {
    this._listener.leaving();
    if (this.open && !mayReturn) this._write(this._connection.last(BYE));
    this._drop({ code: 1001, reason: "" });
    for (const name in this._timers) this._after(name);
  }

  _return() {
    this._trouble();
    this._hurry();
  }

  /** Sends what is queued by fetch, one request at a time, until the socket opens. */
  _fetch() {
    if (this.open || this.closed || this._request || !this._connection.ops.length) return;
    this._request = this._exchange().then(() => 0, () => 1).then((failed) => {
      this._request = null;
      this._failures = failed && this._failures + 1;
      if (!this.open) this._after("fetch", failed && backoff(this._failures), () => this._fetch());
    });
  }

  async _exchange() {
    const connection = this._connection;
    connection.again();
    const hello = connection.hello(here());
    const response = await fetch(here(), {
      method: "POST",
      headers: { [HEADER_OPS]: "1", Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ hello, ops: connection.due() }),
    });
    if (response.status >= 500) throw new Error(response.statusText);
    if (!response.ok) return this._listener.apply(connection.refused(response.statusText, response.status));
    const { welcome, frames } = await response.json();
    this._safely(() => {
      for (const message of [welcome, ...frames]) {
        const change = message === welcome ? connection.welcome(message) : connection.frame(message);
        if (change) this._listener.apply(change);
      }
    });
  }
}

/**
 * Full jitter: a random time of spans that double.
 * @param {number} attempts
 */
const backoff = (attempts) => Math.random() * Math.min(RETRY_MOST, RETRY * 2 ** attempts);

/** The page's path and query. */
const here = () => location.pathname + location.search;

/** @param {any} message @returns {boolean} whether the server would close the connection over it */
export const isTooLong = (message) => {
  const text = JSON.stringify(message);
  return text.length * 3 > FRAME_BYTES && new TextEncoder().encode(text).length > FRAME_BYTES;
};
