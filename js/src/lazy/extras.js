// What a frame asks for besides patching: cookies to be fetched, another address, events.

import { notifyTabs } from "../core/tabs.js";
import { HEADER_OPS } from "../core/wire.js";
import { loaded, loadForMessage } from "./loading.js";
import { prepareMoves } from "./moves.js";
import { reloadPage } from "./reload.js";

const TRIES = 3;
const PAUSE = 500; // ms between two
const PATIENCE = 5_000; // ms for one

/** @param {{ url?: [string, 0 | 1], events?: [name: string, detail: any][] }} extras */
export function applyExtras({ url, events = [] }) {
  if (url) loaded.navigation?.setAddress(withHash(url[0]), url[1]);
  for (const [name, detail] of events) document.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

/** The server knows no hash: that of the page stays as long as it is the same page. @param {string} url */
function withHash(url) {
  const target = new URL(url, location.href);
  if (target.pathname === location.pathname) target.hash ||= location.hash;
  return target.href;
}

/**
 * Heeds messages in order, those that come meanwhile too; each once all is there that it needs. The queue is empty after a lost
 * connection; what is then in it is heeded by who put it there.
 * @param {any[]} waiting
 * @param {(message: any) => void} process
 */
export async function processAll(waiting, process) {
  for (let message; (message = waiting[0]);) {
    const text = JSON.stringify(message);
    const isReady = await prepare(message, text);
    if (message !== waiting[0]) return;
    if (!isReady) return reloadPage(); // there is another version of the client by now
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
 * Settled when the cookies of a message are there, or can't be, and the features that it needs.
 * @param {any} message
 * @param {string} [text] the same as JSON
 * @returns {Promise<boolean>} whether it can be heeded
 */
export async function prepare(message, text = JSON.stringify(message)) {
  const [isReady] = await Promise.all([loadForMessage(text), awaitCookies(message)]);
  return isReady;
}

/** @param {any} message */
async function awaitCookies(message) {
  const { cookies } = message.extras ?? message[5] ?? {};
  for (let tries = 1; cookies && !(await redeem(cookies)) && tries < TRIES; tries++) {
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  }
}

/** @param {string} tickets */
async function redeem(tickets) {
  const request = { method: "POST", body: tickets, headers: { [HEADER_OPS]: "1" }, keepalive: true, signal: AbortSignal.timeout(PATIENCE) };
  const response = await fetch(new URL("../cookies", import.meta.url), request).catch(() => null);
  notifyTabs();
  return response && response.status < 500;
}
