// What a frame asks for besides patching: cookies to be fetched, another address, events.

import { addressed } from "./navigate.js";
import { HEADER_OPS } from "../wire.js";

const TRIES = 3;
const PAUSE = 500; // ms between two

/** Settled when the cookies of all tickets so far are there, or can't be. */
export let cookies = Promise.resolve();

/** @param {{ cookies?: string, url?: [string, 0 | 1], events?: [name: string, detail: any, address: number[] | null][] }} extras */
export function heedExtras({ cookies: tickets, url, events = [] }) {
  if (tickets) cookies = cookies.then(() => redeem(tickets, TRIES));
  if (url) addressed(...url);
  for (const [name, detail] of events) document.dispatchEvent(new CustomEvent(name, { detail }));
}

/** @param {string} tickets @param {number} tries @returns {Promise<void>} */
async function redeem(tickets, tries) {
  const response = await fetch(new URL("cookies", import.meta.url), { method: "POST", body: tickets, headers: { [HEADER_OPS]: "1" }, keepalive: true }).catch(() => null);
  if (response || tries <= 1) return;
  await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  return redeem(tickets, tries - 1);
}
