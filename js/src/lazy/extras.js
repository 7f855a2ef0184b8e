// What a frame asks for besides patching: cookies to be fetched, another address, events.

import { HEADER_OPS } from "../core/wire.js";
import { defers, transit } from "./changes.js";
import { addressed } from "./page-swap.js";

const TRIES = 3;
const PAUSE = 500; // ms between two
const PATIENCE = 5_000; // ms for one

/** @param {{ url?: [string, 0 | 1], events?: [name: string, detail: any][] }} extras */
export function heedExtras({ url, events = [] }) {
  if (url) addressed(...url);
  for (const [name, detail] of events) document.dispatchEvent(new CustomEvent(name, { detail }));
}

/**
 * Heeds messages in order, those that come meanwhile too; each once its cookies are there. The queue is empty after a lost
 * connection; what is then in it is heeded by who put it there.
 * @param {any[]} waiting
 * @param {(message: any) => void} heed
 */
export async function heedAll(waiting, heed) {
  for (let message; (message = waiting[0]);) {
    await collect(message);
    if (message !== waiting[0]) return;
    let heeded = false;
    const work = () => {
      heeded = message === waiting[0];
      if (heeded) heed(waiting.shift());
    };
    if (defers(message)) await transit(work);
    else work();
    if (!heeded) return;
  }
}

/** Settled when the cookies of a message are there, or can't be. @param {any} message */
export async function collect(message) {
  const { cookies } = message.extras ?? message[5] ?? {};
  for (let tries = 1; cookies && !(await redeem(cookies)) && tries < TRIES; tries++) {
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  }
}

/** @param {string} tickets */
async function redeem(tickets) {
  const request = { method: "POST", body: tickets, headers: { [HEADER_OPS]: "1" }, keepalive: true, signal: AbortSignal.timeout(PATIENCE) };
  const response = await fetch(new URL("cookies", import.meta.url), request).catch(() => null);
  return response && response.status < 500;
}
