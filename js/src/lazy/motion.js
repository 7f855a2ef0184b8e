// Animations of elements.

import { getAnimations } from "./members.js";

/** Whether to animate: the page is visible, and the user hasn't asked for reduced motion. */
export const allowsMotion = () => !document.hidden && !matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The running animations of an element and its descendants, without endless ones. @param {Element} element */
export function animationsOf(element) {
  return getAnimations(element, { subtree: true }).filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
}

/** Wait until animations have finished or were cancelled. @param {Animation[]} animations */
export const allFinished = (animations) => Promise.allSettled(animations.map(({ finished }) => finished));
