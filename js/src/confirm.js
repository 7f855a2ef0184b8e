/** Asks the person, where the author wants it. @param {Element | null} element */
export function confirmed(element) {
  const question = element?.getAttribute("live-confirm");
  return question == null || confirm(question);
}
