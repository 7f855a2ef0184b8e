// Finds scroll containers.

import { clientHeight, parentElement, scrollHeight } from "./members.js";

/**
 * The closest ancestor that scrolls vertically; otherwise the page's scrolling element.
 * @param {Element} element
 * @returns {Element}
 */
export function scrollerOf(element) {
  for (let box = parentElement(element); box; box = parentElement(box)) {
    if (/auto|scroll/.test(getComputedStyle(box).overflowY) && scrollHeight(box) > clientHeight(box)) return box;
  }
  return document.scrollingElement ?? document.documentElement;
}
