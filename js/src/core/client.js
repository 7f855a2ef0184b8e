// What is asked of the server goes out in order; what it answers is applied at once.

import { add, readdress } from "./connection.js";
import { adopt, define, patch } from "./fragments.js";
import { loadMore, more } from "./lazy.js";
import { end, lay, lift } from "./pending.js";
import { closed, send, start } from "./socket.js";
import { answer, keepFocus, release } from "./values.js";
import { ELSEWHERE, ERROR, FRAME_BYTES, KEPT, OK, UNCERTAIN } from "./wire.js";

/** @typedef {import("./connection.js").Change} Change */
/** @typedef {import("./fragments.js").Slot} Slot */

/** @type {Slot[] | null} */
let slots;
/** Whether a patch is being applied: what happens meanwhile isn't the person's doing. */
export let patching = false;

/** The slots of the page itself. */
export const root = () => (slots ??= adopt(document.firstChild, null));

export function join() {
  root(); // before others change the page
  start(apply);
}

/**
 * Sends an op, after everything that waits.
 * @param {import("./connection.js").Request} request
 */
export function perform(request) {
  more?.flush();
  const parts = request.build();
  if (!parts) return;
  const status = closed ? 503 : new Blob([JSON.stringify(parts)]).size > FRAME_BYTES - 50 && 413;
  if (status) return finish(request, ERROR, { error: "Not sent", status });
  add(request, parts);
  lay();
  send();
}

/** @param {Change} change */
function apply(change) {
  const { extras, fresh, patch: changes, settled } = change;
  const tellPhase = (/** @type {string} */ phase) => (changes?.length ?? changes) && tell("patch", { phase });
  lift();
  tellPhase("before");
  patching = true;
  try {
    keepFocus(() => update(change));
  } finally {
    more?.grantFocus();
    patching = false;
    tellPhase("after");
    lay();
    if (fresh) settled.push(...readdress());
    if (extras) more?.heedExtras(extras);
    for (const [op, status, payload] of settled) finish(op, status, payload, op.n);
  }
}

/** @param {import("./connection.js").Request} request @param {number} status @param {any} payload @param {number} [n] */
function finish({ ended, source }, status, payload, n) {
  ended?.(status, payload);
  report(source, status, payload, n);
}

/** @param {Change} change */
function update({ fresh, shapes = [], patch: changes = [], settled }) {
  const well = settled.filter(([, status]) => isWell(status));
  for (const [op] of settled) end(op);
  for (const [op] of well) answer(op.seen);
  if (fresh) slots = null;
  define(shapes);
  if (Array.isArray(changes)) patch(root(), changes);
  else {
    more?.replacePage(changes.page, settled, fresh);
    slots = null;
  }
  for (const [op, status] of well) release(op.seen, op.resets && status !== KEPT);
}

// How ops end: events for whoever asked, or another page.

/** @param {number} status */
export const isWell = (status) => status === OK || status === KEPT;

/** Dispatches an event of ours. @param {string} name @param {any} detail @param {EventTarget} [target] */
export const tell = (name, detail, target = document) => void target.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true, detail }));

/**
 * `live:ok` or `live:error`.
 * @param {Element | undefined} source
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
export function report(source, status, payload, n) {
  if (status === ELSEWHERE) return void loadMore().then((more) => (more ? more.leave(payload, n) : location.assign(payload.url)));
  const ok = isWell(status);
  const detail = ok ? { n, result: payload } : { n, uncertain: status === UNCERTAIN, ...payload };
  tell(ok ? "ok" : "error", detail, source?.isConnected ? source : document);
}
