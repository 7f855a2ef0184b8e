// Finds the controls of forms. Stateless.

/** @import { Control } from "../interface.js" */
import { elements } from "./members.js";

/** @param {any} node @returns {node is Control} */
export const isControl = (node) => /^(input|select|textarea)$/.test(node?.localName);

/**
 * A form's controls, buttons and custom elements; empty for anything that isn't a form.
 * @param {EventTarget} form
 * @returns {any[]}
 */
export const controlsOf = (form) => [...elements(form) ?? []];

/** @param {any} control @returns {control is HTMLInputElement} */
export const isCheckable = (control) => /checkbox|radio/.test(control.type);

/** The controls that change together with this one: all radio buttons of its group. @param {any} control @returns {any[]} */
export const groupOf = (control) =>
  control.type === "radio"
    ? [...document.querySelectorAll("[type=radio]")].filter((/** @type {any} */ { form, name }) => form === control.form && name === control.name)
    : [control];
