// What shows that an op isn't finished: laid over the page, lifted while a patch is applied.

import { ops } from "./connection.js";
import { more } from "./lazy.js";
import { setAttribute } from "./values.js";

/** @typedef {import("./connection.js").Op} Op */
/** @typedef {HTMLButtonElement | HTMLInputElement} Submitter */

/** @type {(() => void)[]} what gives the page back as the server rendered it */
let undo = [];

/** @returns {import("./connection.js").Request[]} what isn't finished, or waits for its files */
const shown = () => [...ops, ...more?.uploads ?? []];

/**
 * Whether the element is pending with the same reference and data, unedited since.
 * @param {Element} source
 * @param {string} digest
 */
export const isPending = (source, digest) => shown().some((op) => op.source === source && op.digest === digest);

/** Covers the page as the unfinished ops ask for. */
export function lay() {
  lift();
  for (const op of shown()) {
    if (op.source) {
      change(op.source, "aria-busy", "true");
      change(op.source, "data-pending", "");
    }
    more?.cover(op);
    if (op.pressed) change(op.pressed, "disabled", "");
  }
}

/** Gives the page back as the server rendered it. */
export function lift() {
  for (const back of undo.reverse()) back();
  undo = [];
}

/** @param {() => void} back takes back what covers the page */
export const onLift = (back) => void undo.push(back);

/** @param {Element} element @param {string} name @param {string | null} value */
export function change(element, name, value) {
  const old = element.getAttribute(name);
  setAttribute(element, name, value);
  onLift(() => setAttribute(element, name, old));
}

/** @param {Op} op is finished, while all is lifted */
export function end({ focused, pressed }) {
  // A button that was disabled has lost the focus.
  if (focused && document.activeElement === document.body) pressed?.focus({ preventScroll: true });
}

/** A form edited while it is pending can be submitted again. */
export function watchPending() {
  addEventListener("input", (event) => {
    const { form } = /** @type {HTMLInputElement} */ (event.target);
    const edited = ops.filter(({ pressed }) => pressed && pressed.form === form);
    for (const op of edited) op.pressed = null;
    if (edited[0]) lay();
  }, true);
}
