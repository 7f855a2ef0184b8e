// Finds controls with unsaved input.

/** @import { Control } from "../interface.js" */
import { isCheckable } from "../core/controls.js";

/** Whether a control's state differs from what the server rendered. @param {Control} control */
export function isDirty(control) {
  if (isCheckable(control)) return control.checked !== control.defaultChecked;
  if (control instanceof HTMLSelectElement) return isChosen(control);
  return control.type === "file" ? !!control.value : control.value !== control.defaultValue;
}

/**
 * Whether the selected options differ from the initial ones. If the server selects none, browsers select the first enabled
 * one.
 * @param {HTMLSelectElement} select
 */
function isChosen(select) {
  const options = [...select.options];
  const hasDefault = select.multiple || options.some(({ defaultSelected }) => defaultSelected);
  const first = hasDefault ? null : options.find(({ disabled }) => !disabled);
  return options.some((option) => option.selected !== (hasDefault ? option.defaultSelected : option === first));
}
