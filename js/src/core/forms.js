// Forms and submitters whose address holds a reference run as ops. Without a way to the server they post natively.

/** @import { Submitter } from "../interface.js" */
import { perform } from "./client.js";
import { confirmed, formFields, referenceIn } from "./fields.js";
import { loadLazy } from "./lazy.js";
import { isPending } from "./pending.js";
import { closed } from "./socket.js";
import { captureEdits } from "./values.js";
import { CALL_REF, FIELD_SNAPSHOT } from "./wire.js";


const PAGE_FORM = "live"; // its controls are the whole page's: they aren't reset

export function watchForms() {
  // At the window: whoever prevents a submit has done so.
  addEventListener("submit", submit);
}

/** @param {SubmitEvent} event */
function submit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {Submitter | null} */ (event.submitter);
  if (event.defaultPrevented) return;
  if (!confirmed(submitter) || !confirmed(form)) return event.preventDefault();
  const ref = referenceOf(form, submitter);
  if (ref === null) return /** @type {any} */ (form.elements)[FIELD_SNAPSHOT]?.remove(); // the page's state is for its own posts
  if (closed) return;
  const fields = formFields(form, submitter);
  event.preventDefault();
  const seen = captureEdits(form.elements);
  // The same data typed again are another submit.
  const digest = JSON.stringify([ref, fields, ...seen.values()]);
  const resets = form.id !== PAGE_FORM;
  const source = resets ? form : submitter ?? form;
  if (isPending(source, digest)) return;
  const request = {
    build: () => [CALL_REF, ref, fields], source, pressed: submitter, focused: submitter === document.activeElement, digest, seen, resets,
    post: () => form.requestSubmit(submitter),
  };
  if (fields.some((value) => value instanceof File)) loadLazy().then((lazy) => lazy?.upload(request, ref, fields));
  else perform(request);
}

/**
 * @param {HTMLFormElement} form
 * @param {Element | null} [submitter]
 */
export function referenceOf(form, submitter) {
  const [method, action] = /** @type {any[]} */ (["method", "action"].map((name) => submitter?.getAttribute(`form${name}`) ?? form.getAttribute(name)));
  return /^post$/i.test(method) ? referenceIn(action) : null;
}
