// Processes messages in order, and what frames bring besides a patch: cookie tickets, the address and DOM events.

import { notifyTabs } from "../core/tabs.js";
import { HEADER_OPS } from "../core/wire.js";
import { loaded, loadForMessage } from "./loading.js";
import { prepareMoves } from "./moves.js";
import { reloadPage } from "./reload.js";

const TRIES = 3;
const PAUSE = 500; // ms between tries
const PATIENCE = 5_000; // ms for one try

/**
 * Set the address, and dispatch events.
 * @param {{ url?: [string, 0 | 1], events?: [name: string, detail: any][] }} extras
 */
export function applyExtras({ url, events = [] }) {
  if (url) loaded.navigation?.setAddress(withHash(url[0]), url[1]);
  for (const [name, detail] of events) document.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/** Keep the hash of the address, unknown to the server, if the path is the same. @param {string} url */
function withHash(url) {
  const target = new URL(url, location.href);
  if (target.pathname === location.pathname) target.hash ||= location.hash;
  return target.href;
}

/**
 * Process queued messages in order, also those that are added meanwhile; each once its features and cookies are loaded. When a
 * connection is lost, the caller empties the queue: if the first message isn't the expected one any more, this run ends, and
 * the run that the new first message has started continues.
 * @param {any[]} waiting the queue
 * @param {(message: any) => void} process
 */
export async function processAll(waiting, process) {
  for (let message; (message = waiting[0]);) {
    const text = JSON.stringify(message);
    const isReady = await prepare(message, text);
    if (message !== waiting[0]) return;
    if (!isReady) return reloadPage(); // a file is gone: the server has a newer client
    let processed = false;
    const run = () => {
      processed = message === waiting[0];
      if (!processed) return;
      prepareMoves(text);
      process(waiting.shift());
    };
    if (loaded.changes?.needsTransition(message)) await loaded.changes.runInTransition(run);
    else run();
    if (!processed) return;
  }
}

/**
 * Load the features that a message needs, and try to fetch its cookies.
 * @param {any} message
 * @param {string} [text] the message as JSON
 * @returns {Promise<boolean>} whether all features were loaded
 */
export async function prepare(message, text = JSON.stringify(message)) {
  const [isReady] = await Promise.all([loadForMessage(text), awaitCookies(message)]);
  loaded.restoring?.expect(message);
  return isReady;
}

/** Fetch the cookies of a message, with a few tries. @param {any} message */
async function awaitCookies(message) {
  const { cookies } = message.extras ?? message[5] ?? {};
  for (let tries = 1; cookies && !(await redeem(cookies)) && tries < TRIES; tries++) {
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  }
}

/** Exchange tickets for cookies. @param {string} tickets */
async function redeem(tickets) {
  const request = { method: "POST", body: tickets, headers: { [HEADER_OPS]: "1" }, keepalive: true, signal: AbortSignal.timeout(PATIENCE) };
  const response = await fetch(new URL("../cookies", import.meta.url), request).catch(() => null);
  notifyTabs();
  return response && response.status < 500;
}
