// Forms and submitters whose address holds a reference run as ops. Without a way to the server they post natively.

/** @import { Submitter } from "../interface.js" */
import { perform } from "./client.js";
import { controlsOf } from "./controls.js";
import { attributeOf, confirmed, formFields, referenceOf } from "./fields.js";
import { loadLazy } from "./lazy.js";
import { elements, getAttribute } from "./members.js";
import { isPending } from "./pending.js";
import { closed } from "./socket.js";
import { captureEdits } from "./values.js";
import { CALL_REF, FIELD_SNAPSHOT, OK } from "./wire.js";

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
  if (ref === null) return /** @type {any} */ (elements(form))[FIELD_SNAPSHOT]?.remove(); // the page's state is for its own posts
  // Another window or frame shows the answer to a post of its own.
  if (closed || !/^(_self)?$/i.test(attributeOf(form, submitter, "target"))) return;
  const fields = formFields(form, submitter);
  event.preventDefault();
  const controls = controlsOf(form);
  const seen = captureEdits(controls);
  // The same data typed again are another submit.
  const digest = JSON.stringify([ref, fields, ...seen.values()]);
  const isPageForm = getAttribute(form, "id") === PAGE_FORM;
  const source = isPageForm ? submitter ?? form : form;
  if (isPending(source, digest)) return;
  const values = controls.map((element) => [element, element.value]);
  /** @type {import("../interface.js").Request} */
  const request = {
    build: () => [CALL_REF, ref, fields], source, pressed: submitter, focused: submitter === document.activeElement, digest, seen, resets: () => !isPageForm,
    post: [form, submitter],
    ended(status) {
      // Custom elements that are controls reset themselves, unless they were edited meanwhile.
      if (status === OK && !isPageForm) for (const [element, value] of values) if (element.value === value) element.formResetCallback?.();
    },
  };
  if (fields.some((value) => value instanceof File)) loadLazy().then((lazy) => lazy?.uploadFiles(request, ref, fields));
  else perform(request);
}
