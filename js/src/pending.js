// What shows that a form's op isn't finished: laid over the page, lifted while a patch is applied.

/** @typedef {HTMLButtonElement | HTMLInputElement} Submitter */
/** @typedef {{ form: HTMLFormElement, submitter: Submitter | null, key: string, lift?: (() => void) | undefined, focused: boolean }} Entry */

/** @type {Map<import("./connection.js").Op, Entry>} */
const entries = new Map();

/**
 * Whether the form is pending with the same reference and data, unedited since.
 * @param {HTMLFormElement} form
 * @param {string} key
 */
export const isPending = (form, key) => [...entries.values()].some((entry) => entry.form === form && entry.key === key);

/**
 * @param {import("./connection.js").Op} op
 * @param {HTMLFormElement} form
 * @param {Submitter | null} submitter
 * @param {string} key
 */
export function begin(op, form, submitter, key) {
  entries.set(op, { form, submitter, key, focused: submitter === document.activeElement });
  lay();
}

/** Lays what is lifted. */
export function lay() {
  for (const entry of entries.values()) {
    entry.form.setAttribute("aria-busy", "true");
    entry.form.setAttribute("data-pending", "");
    if (entry.submitter) entry.lift ??= cover(entry.submitter);
  }
}

/** Gives the page back as the server rendered it. */
export function lift() {
  for (const entry of [...entries.values()].reverse()) {
    entry.form.removeAttribute("aria-busy");
    entry.form.removeAttribute("data-pending");
    entry.lift?.();
    entry.lift = undefined;
  }
}

/** @param {import("./connection.js").Op} op is finished; everything is lifted */
export function end(op) {
  const entry = entries.get(op);
  entries.delete(op);
  if (entry?.focused) refocus(entry);
}

/** A form edited while it is pending can be submitted again. */
export function watchPending() {
  addEventListener("input", ({ target }) => {
    const form = target && /** @type {HTMLInputElement} */ (target).form;
    for (const entry of form ? entries.values() : []) {
      if (entry.form !== form) continue;
      entry.lift?.();
      entry.submitter = null;
    }
  }, true);
}

/** A disabled button loses the focus. @param {Entry} entry */
function refocus({ submitter }) {
  if (submitter && document.activeElement === document.body) submitter.focus({ preventScroll: true });
}

/**
 * Disables a submitter, with its `live-pending` as its text.
 * @param {Submitter} submitter
 * @returns {() => void} undoes it
 */
function cover(submitter) {
  const { disabled } = submitter;
  const text = submitter.getAttribute("live-pending");
  const uncover = text === null ? null : submitter instanceof HTMLInputElement ? coverValue(submitter, text) : coverContent(submitter, text);
  submitter.disabled = true;
  return () => {
    submitter.disabled = disabled;
    uncover?.();
  };
}

/** @param {HTMLInputElement} input @param {string} text */
function coverValue(input, text) {
  const value = input.getAttribute("value");
  input.value = text;
  return () => (value === null ? input.removeAttribute("value") : input.setAttribute("value", value));
}

/** The nodes themselves come back: they hold slots. @param {HTMLButtonElement} button @param {string} text */
function coverContent(button, text) {
  const nodes = document.createDocumentFragment();
  nodes.append(...button.childNodes);
  button.textContent = text;
  return () => button.replaceChildren(nodes);
}
