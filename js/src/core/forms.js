// Submits forms whose address has a reference as ops. Once the connection is given up, the browser posts them itself.

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

const PAGE_FORM = "live"; // the id of the form around the page's fields, which isn't reset after a submit

/** Listen to submits. */
export function watchForms() {
  // On the window, so that other listeners have had the chance to prevent the submit.
  addEventListener("submit", submit);
}

/** @param {SubmitEvent} event */
function submit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {Submitter | null} */ (event.submitter);
  if (event.defaultPrevented) return;
  if (!confirmed(submitter) || !confirmed(form)) return event.preventDefault();
  const ref = referenceOf(form, submitter);
  if (ref === null) return /** @type {any} */ (elements(form))[FIELD_SNAPSHOT]?.remove(); // the page's snapshot is only for posts to the page itself
  // A form with another target posts itself: that window or frame shows the response.
  if (closed || !/^(_self)?$/i.test(attributeOf(form, submitter, "target"))) return;
  const fields = formFields(form, submitter);
  event.preventDefault();
  const controls = controlsOf(form);
  const seen = captureEdits(controls);
  // With the numbers of edits: the same data typed again is another submit.
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
      // Form-associated custom elements have to be reset explicitly; skip those that were edited meanwhile.
      if (status === OK && !isPageForm) for (const [element, value] of values) if (element.value === value) element.formResetCallback?.();
    },
  };
  if (fields.some((value) => value instanceof File)) loadLazy().then((lazy) => lazy?.uploadFiles(request, ref, fields));
  else perform(request);
}
