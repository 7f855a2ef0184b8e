// Which elements are controls, and of which form. Nothing here holds any state.

/** @import { Control } from "../interface.js" */

/** @param {any} node @returns {node is Control} */
export const isControl = (node) => /^(input|select|textarea)$/.test(node?.localName);

/**
 * The controls of a form. Not by `form.elements`: a field of that name would hide it.
 * @param {EventTarget | null} form
 */
export const controlsOf = (form) => [.../** @type {NodeListOf<Control>} */ (document.querySelectorAll("input,select,textarea"))].filter((control) => control.form === form);

/** @param {any} control @returns {control is HTMLInputElement} */
export const isCheckable = (control) => /checkbox|radio/.test(control.type);

/** The controls that are edited together: radio buttons of one group. @param {any} control @returns {any[]} */
export const groupOf = (control) =>
  control.type === "radio" ? controlsOf(control.form).filter(({ name, type }) => type === control.type && name === control.name) : [control];
