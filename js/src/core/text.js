// Changes text nodes with the smallest edit.

/**
 * Replace only the part of a text that differs, so that a selection around it is kept.
 * @param {Text} text
 * @param {string} value
 */
export function splice(text, value) {
  const { data } = text;
  let start = 0, end = 0;
  while (data[start] && data[start] === value[start]) start++;
  while (data.at(end - 1) === value.at(end - 1) && Math.min(data.length, value.length) + end > start) end--;
  if (data !== value) text.replaceData(start, data.length + end - start, value.slice(start, value.length + end));
}
