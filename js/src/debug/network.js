// Simulates a slow or unreliable network, as set in the panel for this tab: round trips take longer, and connections break. Only
// messages and requests of the client are affected.

import { HEADER_OPS } from "../core/wire.js";

const KEY = "live:network";
const none = { latency: 0, loss: 0, offline: false };

/** `latency`: milliseconds per round trip. `loss`: percentage of messages that break the connection instead of arriving. */
export const network = { ...none, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
/** The session's token, once the page has one. */
export let token = "";
/** Called after each message and response. */
export const listeners = /** @type {Set<() => void>} */ (new Set());

const Native = WebSocket;
export const nativeFetch = fetch.bind(globalThis);
/** @type {Socket | undefined} */
let current;

const isLost = () => Math.random() * 100 < network.loss;
const isSimulated = () => network.latency > 0 || network.loss > 0 || network.offline;

/** Replace WebSocket and fetch for the client. */
export function watchNetwork() {
  if (isSimulated()) console.info("A slow or broken network is simulated in this tab: see the panel, Alt+Shift+L", network);
  window.WebSocket = new Proxy(Native, {
    construct: (target, args, newTarget) => (isLive(args[0]) ? new Socket(args[0]) : Reflect.construct(target, args, newTarget)),
  });
  window.fetch = (input, init) => (init && HEADER_OPS in (init.headers ?? {}) ? slowFetch(input, init) : nativeFetch(input, init));
}

/** Change the simulated network. @param {Partial<typeof network>} changes */
export function simulate(changes) {
  Object.assign(network, changes);
  sessionStorage.setItem(KEY, JSON.stringify(network));
  if (network.offline) disconnect();
  if ("offline" in changes) dispatchEvent(new Event(network.offline ? "offline" : "online")); // as browsers do
}

/** Break the connection. The page reconnects. */
export const disconnect = () => current?.close();

/** Whether an address is that of the client's socket. @param {unknown} url */
const isLive = (url) => url === /** @type {HTMLElement | null} */ (document.querySelector("script[data-live]"))?.dataset.live;

/** Delays messages in one direction by half a round trip, and keeps their order. */
class Way {
  #waiting = 0;
  #last = Promise.resolve();

  /** @param {() => void} arrive */
  pass(arrive) {
    if (!network.latency && !this.#waiting) return arrive();
    this.#waiting++;
    const due = halfTrip();
    this.#last = this.#last.then(() => due).then(() => { this.#waiting--; arrive(); }).catch(reportError);
  }
}

const halfTrip = () => network.latency && new Promise((resolve) => { setTimeout(resolve, network.latency / 2); });

/** A WebSocket with the members that the client uses. */
class Socket {
  /** @type {WebSocket} */
  #native;
  #out = new Way();
  #in = new Way();
  /** @type {((event: Event) => void) | undefined} */
  onopen;
  /** @type {((event: MessageEvent) => void) | undefined} */
  onmessage;
  /** @type {((event: CloseEvent) => void) | undefined} */
  onclose;

  /** @param {string} url */
  constructor(url) {
    current = this;
    const native = (this.#native = new Native(url));
    native.onopen = (event) => this.#in.pass(() => this.onopen?.(event));
    native.onclose = (event) => this.#in.pass(() => this.onclose?.(event));
    native.onmessage = (event) => this.#in.pass(() => {
      if (isLost()) return native.close();
      if (event.data.startsWith("{")) noteToken(JSON.parse(event.data));
      this.onmessage?.(event);
      notify();
    });
    if (network.offline) native.close();
  }

  /** @param {string} text */
  send(text) {
    if (isLost()) return this.close();
    if (network.latency) this.#out.pass(() => { if (this.#native.readyState === Native.OPEN) this.#native.send(text); });
    else this.#out.pass(() => this.#native.send(text));
  }

  close() { this.#native.close(); }
}

/** Fetch over the simulated network. @param {RequestInfo | URL} input @param {RequestInit} init */
async function slowFetch(input, init) {
  if (typeof init.body === "string" && init.body.startsWith("{")) noteToken(JSON.parse(init.body).hello ?? {});
  await halfTrip();
  if (network.offline || isLost()) throw new TypeError("The panel simulates a lost connection");
  const response = await nativeFetch(input, init);
  await halfTrip();
  notify();
  return response;
}

/** Remember the session's token. @param {{ token?: string }} message a hello or a welcome */
function noteToken(message) {
  token = message.token ?? token;
}

const notify = () => listeners.forEach((listener) => listener());
