// What shows that a form's op isn't finished: laid over the page, lifted while a patch is applied.

import { more } from "./more.js";
import { setAttribute } from "./values.js";

/** @typedef {import("./connection.js").Op} Op */
/** @typedef {HTMLButtonElement | HTMLInputElement} Submitter */
/** @typedef {{ form: HTMLFormElement, submitter: Submitter | null, key: string, focused: boolean, uncover?: (() => void) | undefined }} Entry */

/** @type {Map<Op, Entry>} */
const entries = new Map();

/**
 * Whether the form is pending with the same reference and data, unedited since.
 * @param {HTMLFormElement} form
 * @param {string} key
 */
export const isPending = (form, key) => [...entries.values()].some((entry) => entry.form === form && entry.key === key);

/**
 * @param {Op} op
 * @param {HTMLFormElement} form
 * @param {Submitter | null} submitter
 * @param {string} key
 */
export function begin(op, form, submitter, key) {
  entries.set(op, { form, submitter, key, focused: submitter === document.activeElement });
  lay();
}

/** Covers what is lifted. */
export function lay() {
  for (const entry of entries.values()) {
    mark(entry.form, true);
    if (entry.submitter) entry.uncover ??= cover(entry.submitter);
  }
}

/** Gives the page back as the server rendered it. */
export function lift() {
  for (const entry of [...entries.values()].reverse()) {
    mark(entry.form, false);
    entry.uncover?.();
    entry.uncover = undefined;
  }
}

/** @param {Op} op is finished, while all is lifted */
export function end(op) {
  const entry = entries.get(op);
  entries.delete(op);
  // A button that was disabled has lost the focus.
  if (entry?.focused && document.activeElement === document.body) entry.submitter?.focus({ preventScroll: true });
}

/** A form edited while it is pending can be submitted again. */
export function watchPending() {
  addEventListener("input", ({ target }) => {
    for (const entry of entries.values()) {
      if (entry.form !== /** @type {HTMLInputElement} */ (target).form) continue;
      entry.uncover?.();
      entry.submitter = null;
    }
  }, true);
}

/** @param {HTMLFormElement} form @param {boolean} busy */
function mark(form, busy) {
  setAttribute(form, "aria-busy", busy ? "true" : null);
  setAttribute(form, "data-pending", busy ? "" : null);
}

/**
 * Disables a submitter, with its `live-pending` as its text.
 * @param {Submitter} submitter
 * @returns {() => void} undoes it
 */
function cover(submitter) {
  const { disabled } = submitter;
  const restore = more?.say(submitter);
  submitter.disabled = true;
  return () => {
    submitter.disabled = disabled;
    restore?.();
  };
}
