// What shows that an op isn't finished: laid over the page, lifted while a patch is applied.

import { ops } from "./connection.js";
import { more } from "./more.js";
import { setAttribute } from "./values.js";

/** @typedef {import("./connection.js").Op} Op */
/** @typedef {HTMLButtonElement | HTMLInputElement} Submitter */

/** @type {(() => void)[]} what gives the page back as the server rendered it */
let undo = [];

/**
 * Whether the element is pending with the same reference and data, unedited since.
 * @param {Element} source
 * @param {string} key
 */
export const isPending = (source, key) => ops.some((op) => op.source === source && op.key === key);

/** Covers the page as the unfinished ops ask for. */
export function lay() {
  lift();
  for (const op of [...ops, ...more?.uploads ?? []]) {
    if (op.source) {
      change(op.source, "aria-busy", "true");
      change(op.source, "data-pending", "");
    }
    more?.cover(op, undo);
    if (op.submitter) change(op.submitter, "disabled", "");
  }
}

/** Gives the page back as the server rendered it. */
export function lift() {
  for (const back of undo.reverse()) back();
  undo = [];
}

/** @param {Element} element @param {string} name @param {string} value */
function change(element, name, value) {
  const old = element.getAttribute(name);
  setAttribute(element, name, value);
  undo.push(() => setAttribute(element, name, old));
}

/** @param {Op} op is finished, while all is lifted */
export function end({ focused, submitter }) {
  // A button that was disabled has lost the focus.
  if (focused && document.activeElement === document.body) submitter?.focus({ preventScroll: true });
}

/** A form edited while it is pending can be submitted again. */
export function watchPending() {
  addEventListener("input", (event) => {
    const { form } = /** @type {HTMLInputElement} */ (event.target);
    const edited = ops.filter(({ submitter }) => submitter && submitter.form === form);
    for (const op of edited) op.submitter = null;
    if (edited[0]) lay();
  }, true);
}
