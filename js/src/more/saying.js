// What a button says while its op isn't finished: its `live-pending`.

/**
 * @param {HTMLButtonElement | HTMLInputElement} submitter
 * @returns {(() => void) | undefined} gives it its own text back
 */
export function say(submitter) {
  const text = submitter.getAttribute("live-pending");
  if (!text) return;
  if (submitter instanceof HTMLInputElement) {
    const { value } = submitter;
    submitter.value = text;
    return () => { submitter.value = value; };
  }
  const nodes = [...submitter.childNodes]; // they hold slots
  submitter.replaceChildren(text);
  return () => submitter.replaceChildren(...nodes);
}
