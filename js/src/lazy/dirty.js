// Which controls hold something that the server doesn't know.

/** @import { Control } from "../interface.js" */
import { isCheckable } from "../core/controls.js";

/** Whether a control's state isn't what the server has rendered. @param {Control} control */
export function isDirty(control) {
  if (isCheckable(control)) return control.checked !== control.defaultChecked;
  if (control instanceof HTMLSelectElement) return isChosen(control);
  return control.type === "file" ? !!control.value : control.value !== control.defaultValue;
}

/** Whether other options are selected than at first, when a browser selects one itself if the server hasn't. @param {HTMLSelectElement} select */
function isChosen(select) {
  const options = [...select.options];
  const hasDefault = select.multiple || options.some(({ defaultSelected }) => defaultSelected);
  const first = hasDefault ? null : options.find(({ disabled }) => !disabled);
  return options.some((option) => option.selected !== (hasDefault ? option.defaultSelected : option === first));
}
