// What a button says while its op isn't finished: its `live-pending`.

import { core } from "./core.js";

/** @param {Element | null | undefined} button */
export function say(button) {
  const text = button?.getAttribute("live-pending");
  if (!button || !text) return;
  if (button instanceof HTMLInputElement) {
    const { value } = button;
    button.value = text;
    core.onLift(() => { button.value = value; });
  } else fill(button, text);
}

/** Gives an element another text for a while. @param {Element} element @param {string} text */
export function fill(element, text) {
  const nodes = [...element.childNodes]; // they hold slots
  element.replaceChildren(text);
  core.onLift(() => element.replaceChildren(...nodes));
}
