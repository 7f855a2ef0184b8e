// Forms and submitters whose address holds a reference run as ops. Without a way to the server they post natively.

import { confirmed, delay } from "./events.js";
import { formFields, referenceIn } from "./fields.js";
import { begin, isPending } from "./pending.js";
import { edits, isControl, see } from "./values.js";
import { CALL_REF, VALIDATE } from "./wire.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./pending.js").Submitter} Submitter */

const PAGE_FORM = "live"; // its controls are the whole page's: they aren't reset
const VALIDATE_AFTER = 300; // ms without typing
const UNTYPED = /^(button|submit|reset|image|file)$/; // inputs in which Enter doesn't submit a form

/** @type {Client} */
let client;

/** @param {Client} owner */
export function watchForms(owner) {
  client = owner;
  // At the window: whoever prevents a submit has done so.
  addEventListener("submit", submit);
  addEventListener("keydown", pressDefault);
  addEventListener("input", validate);
}

/** @param {SubmitEvent} event */
function submit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {Submitter | null} */ (event.submitter);
  if (event.defaultPrevented) return;
  if (!confirmed(submitter?.hasAttribute("live-confirm") ? submitter : form)) return event.preventDefault();
  const ref = referenceOf(form, submitter);
  if (ref === null || client.closed) return;
  const [fields, files] = formFields(form, submitter);
  if (files) return; // posted natively until uploads have a way of their own
  event.preventDefault();
  send(form, submitter, ref, fields);
}

/**
 * @param {HTMLFormElement} form
 * @param {Submitter | null} submitter
 * @param {string} ref
 * @param {string[]} fields
 */
function send(form, submitter, ref, fields) {
  const seen = see(form.elements);
  // The same data typed again are another submit.
  const key = JSON.stringify([ref, fields, ...seen.values()]);
  if (isPending(form, key)) return;
  const resets = form.id !== PAGE_FORM;
  client.perform(
    { build: () => [CALL_REF, ref, fields], source: resets ? form : submitter ?? form, seen, resets },
    (op) => begin(op, form, submitter, key),
  );
}

/**
 * @param {HTMLFormElement} form
 * @param {Submitter | null} submitter
 */
function referenceOf(form, submitter) {
  const method = submitter?.getAttribute("formmethod") ?? form.getAttribute("method");
  return method?.toLowerCase() === "post" ? referenceIn(submitter?.getAttribute("formaction") ?? form.getAttribute("action")) : null;
}

/** Enter presses the button that `live-default` names instead of the first one. @param {KeyboardEvent} event */
function pressDefault(event) {
  const { target } = event;
  if (event.key !== "Enter" || event.defaultPrevented || event.isComposing) return;
  if (!(target instanceof HTMLInputElement) || UNTYPED.test(target.type)) return;
  const button = [...(target.form?.elements ?? [])].find((element) => element.hasAttribute("live-default"));
  if (!button) return;
  event.preventDefault();
  /** @type {Submitter} */ (button).click();
}

/** In a form with `live-validate`, what was touched is validated as one types. @param {Event} event */
function validate({ target }) {
  const form = isControl(target) && target.form;
  if (!form || !form.hasAttribute("live-validate")) return;
  delay(form, "live-validate", false, VALIDATE_AFTER, () => {
    const ref = referenceOf(form, null);
    if (ref === null) return;
    const [fields] = formFields(form);
    const touched = [...form.elements].filter((element) => isControl(element) && edits(element)).map((element) => /** @type {any} */ (element).name);
    client.perform({ build: () => [VALIDATE, ref, fields, [...new Set(touched)]], source: form, seen: see(form.elements) });
  });
}
