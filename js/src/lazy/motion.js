// What moves on the page.

import { getAnimations } from "./members.js";

/** Whether anything is to move: somebody looks, and doesn't mind. */
export const allowsMotion = () => !document.hidden && !matchMedia("(prefers-reduced-motion: reduce)").matches;

/** What ends by itself. @param {Element} element */
export function animationsOf(element) {
  return getAnimations(element, { subtree: true }).filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
}

/** @param {Animation[]} animations */
export const allFinished = (animations) => Promise.allSettled(animations.map(({ finished }) => finished));
