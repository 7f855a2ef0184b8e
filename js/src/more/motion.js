/** Whether anything is to move: somebody looks, and doesn't mind. */
export const isMoving = () => !document.hidden && !matchMedia("(prefers-reduced-motion: reduce)").matches;
