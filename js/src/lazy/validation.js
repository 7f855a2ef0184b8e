// Forms that are validated as one types, and those with a default button that isn't their first.

import { controlsOf, isControl } from "../core/controls.js";
import { fieldsOf, referenceOf } from "../core/fields.js";
import { VALIDATE } from "../core/wire.js";
import { core } from "./bridge.js";
import { delay, isComposing } from "./event-modifiers.js";
import { hasAttribute } from "./members.js";

const VALIDATE_AFTER = 300; // ms without typing
const UNTYPED = /^(button|submit|reset|image|file)$/; // inputs in which Enter doesn't submit a form

export function watchTypedForms() {
  addEventListener("keydown", pressDefault);
  addEventListener("input", validate);
}

/** Enter presses the button that `live-default` names instead of the first one. @param {KeyboardEvent} event */
function pressDefault(event) {
  const { target } = event;
  if (event.key !== "Enter" || event.defaultPrevented || isComposing(event)) return;
  if (!(target instanceof HTMLInputElement) || UNTYPED.test(target.type)) return;
  const button = [...document.querySelectorAll("[live-default]")].find((button) => /** @type {HTMLButtonElement} */ (button).form === target.form);
  if (!(button instanceof HTMLElement)) return;
  event.preventDefault();
  button.click();
}

/** What was touched in a form with `live-validate` is validated as one types. @param {Event} event */
function validate({ target }) {
  const { captureEdits, editCount, perform } = core;
  const form = isControl(target) && target.form;
  if (!form || !hasAttribute(form, "live-validate")) return;
  delay(form, "live-validate", VALIDATE_AFTER, () => {
    const ref = referenceOf(form);
    const fields = fieldsOf(form);
    const touched = new Set(controlsOf(form).filter(editCount).map(({ name }) => name));
    perform({ build: () => ref === null ? ref : [VALIDATE, ref, fields, [...touched]], seen: captureEdits(controlsOf(form)) });
  });
}

/** The mark of a value that the server renders, by the kind of control. */
const RENDERED = '[data-l~="value"],[data-l~="checked"],textarea[data-l~="."],[data-l~="*"]:is([value],[type=checkbox])';

/**
 * Whether the server renders the value of a control: it is a slot, or among the attributes of a slot.
 * @param {import("../interface.js").Control} control
 */
export const isRendered = (control) => control.matches(RENDERED) || !!control.querySelector("option[data-l][selected]");
