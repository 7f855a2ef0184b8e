// Validates forms with `live-validate` while the user types, and makes Enter press the button with `live-default`.

import { controlsOf, isControl } from "../core/controls.js";
import { fieldsOf, referenceOf } from "../core/fields.js";
import { VALIDATE } from "../core/wire.js";
import { core } from "./bridge.js";
import { delay, isComposing } from "./event-modifiers.js";
import { hasAttribute } from "./members.js";

const VALIDATE_AFTER = 300; // ms without typing
const UNTYPED = /^(button|submit|reset|image|file)$/; // inputs in which Enter doesn't submit a form

/** Listen for Enter and input. */
export function watchTypedForms() {
  addEventListener("keydown", pressDefault);
  addEventListener("input", validate);
}

/** On Enter, press a form's button with `live-default` instead of its first one. @param {KeyboardEvent} event */
function pressDefault(event) {
  const { target } = event;
  if (event.key !== "Enter" || event.defaultPrevented || isComposing(event)) return;
  if (!(target instanceof HTMLInputElement) || UNTYPED.test(target.type)) return;
  const button = [...document.querySelectorAll("[live-default]")].find((button) => /** @type {HTMLButtonElement} */ (button).form === target.form);
  if (!(button instanceof HTMLElement)) return;
  event.preventDefault();
  button.click();
}

/** Validate the edited fields of a form with `live-validate`, after a pause in typing. @param {Event} event */
function validate({ target }) {
  const { editCount, perform } = core;
  const form = isControl(target) && target.form;
  if (!form || !hasAttribute(form, "live-validate")) return;
  delay(form, "live-validate", VALIDATE_AFTER, () => {
    const ref = referenceOf(form);
    const fields = fieldsOf(form);
    const touched = new Set(controlsOf(form).filter(editCount).map(({ name }) => name));
    // Without `seen`: the server stores nothing that it validates, so no edit is answered.
    perform({ build: () => ref === null ? ref : [VALIDATE, ref, fields, [...touched]] });
  });
}

/** Matches controls whose value is a slot, or among the attributes of a slot. */
const RENDERED = '[data-l~="value"],[data-l~="checked"],textarea[data-l~="."],[data-l~="*"]:is([value],[type=checkbox])';

/**
 * Whether the server renders the value of a control.
 * @param {import("../interface.js").Control} control
 */
export const isRendered = (control) => control.matches(RENDERED) || !!control.querySelector("option[data-l][selected]");
