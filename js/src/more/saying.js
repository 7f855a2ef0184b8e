// What a button says while its op isn't finished: its `live-pending`.

/**
 * @param {Element | null | undefined} button
 * @param {(() => void)[]} undo gets what gives it its own text back
 */
export function say(button, undo) {
  const text = button?.getAttribute("live-pending");
  if (!button || !text) return;
  if (button instanceof HTMLInputElement) {
    const { value } = button;
    button.value = text;
    undo.push(() => { button.value = value; });
  } else {
    const nodes = [...button.childNodes]; // they hold slots
    button.replaceChildren(text);
    undo.push(() => button.replaceChildren(...nodes));
  }
}
