// The panel's tab for the state of the page: the fields of the page and its components, which can be edited as JSON.

/** @import { Part } from "./report.js" */
import { element, withAttributes } from "./elements.js";

/** @typedef {Part["fields"][number]} Field */

/** The content of the tab. */
export class StateForms {
  #root = element("div");
  /** @type {Map<string, Row>} by path and name */
  #rows = new Map();
  #shape = "";
  #edit;

  /** @param {(edit: { path: string, name: string, value: string }) => Promise<void>} edit sets a field; rejects with the reason */
  constructor(edit) {
    this.#edit = edit;
  }

  /** Show the current fields. Build the table again only if the fields themselves have changed. @param {Part[]} parts */
  show(parts) {
    const shape = JSON.stringify(parts.map(({ path, class: name, fields }) => [path, name, fields.map(({ name, type, fixed }) => [name, type, fixed])]));
    if (shape !== this.#shape) this.#build(parts, shape);
    for (const { path, fields } of parts) for (const field of fields) this.#rows.get(`${path} ${field.name}`)?.show(field.value);
    return this.#root;
  }

  /** Build the tables. @param {Part[]} parts @param {string} shape */
  #build(parts, shape) {
    this.#shape = shape;
    this.#rows.clear();
    this.#root.replaceChildren(...parts.flatMap(({ path, class: name, fields }) => [
      element("h3", path ? `${path}: ${name}` : name),
      ...(fields.length ? [element("table", element("tbody", ...fields.map((field) => this.#row(path, field))))] : [element("p", "no fields")]),
    ]));
  }

  /** Create the row of a field. @param {string} path @param {Field} field */
  #row(path, field) {
    const row = new Row(path, field, (value) => this.#edit({ path, name: field.name, value }));
    this.#rows.set(`${path} ${field.name}`, row);
    return row.element;
  }
}

/** A field with its value. */
class Row {
  #shown = "";
  /** @type {HTMLInputElement | undefined} */
  #input;
  #output = element("output");
  #error = withAttributes("div", { class: "failed", role: "alert" });
  element;

  /** @param {string} path @param {Field} field @param {(value: string) => Promise<void>} set */
  constructor(path, { name, type, fixed }, set) {
    const title = withAttributes("th", { scope: "row" }, name);
    const kind = element("td", element("code", type));
    if (fixed) {
      this.element = element("tr", title, kind, element("td", this.#output, ` (${fixed})`));
      return;
    }
    const input = this.#input = /** @type {HTMLInputElement} */ (withAttributes("input", { "aria-label": path ? `${path}.${name}` : name, autocomplete: "off", spellcheck: "false" }));
    input.onkeydown = ({ key }) => { if (key === "Enter") this.#set(set); };
    const button = withAttributes("button", { type: "button", "aria-label": `Set ${name}` }, "Set");
    button.onclick = () => this.#set(set);
    this.element = element("tr", title, kind, element("td", input, this.#error), element("td", button));
  }

  /** Set the field to the value that was typed. @param {(value: string) => Promise<void>} set */
  async #set(set) {
    const input = /** @type {HTMLInputElement} */ (this.#input);
    const before = this.#shown;
    this.#shown = input.value; // so that `show` replaces it by the server's value
    try {
      await set(input.value);
      this.#say("");
    } catch (error) {
      this.#shown = before;
      this.#say(/** @type {Error} */ (error).message);
    }
  }

  /** Show an error, or none. @param {string} text */
  #say(text) {
    this.#error.textContent = text;
    this.#input?.setAttribute("aria-invalid", `${!!text}`);
  }

  /** Show the server's value, unless the user is typing another one. @param {string} value */
  show(value) {
    this.#output.textContent = value;
    if (this.#input && this.#input.value === this.#shown) this.#input.value = value;
    this.#shown = value;
  }
}
