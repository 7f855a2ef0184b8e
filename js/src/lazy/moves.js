// Moves siblings, in a way that keeps the focus, the selection and, if the browser supports it, the state of media and frames.

import { contains, insertBefore, members, nextSibling } from "./members.js";

/** Move a node with its state (media, frames) if the browser supports `moveBefore`. */
export const moveBefore = "moveBefore" in Element.prototype ? members("moveBefore")[0] : insertBefore;

const MOVES = /[[,]\[\d+,-?\d+]/; // matches a patch with list items that move: two numbers each

/** @type {{ anchor: Node | null } | null} where the selection begins; null if it wasn't read in this patch */
let selection = null;
/** @type {(Node | null)[] | null} nodes that mustn't move: the focused element, and the start of the selection */
let occupied = null;

/** Read where the selection is. Reading it may force a layout, so it is read once per patch. */
function readSelection() {
  if (!selection) queueMicrotask(() => { selection = occupied = null; });
  return (selection ??= { anchor: /** @type {Selection} */ (getSelection()).anchorNode });
}

/**
 * Read the selection before a patch with moves changes anything, while the layout is still valid.
 * @param {string} message the one to be applied
 */
export function prepareMoves(message) {
  if (MOVES.test(message)) readSelection();
}

/**
 * Move siblings. If they contain the focus or the selection, they stay in place, as moving them would end a composition or the
 * selection. The siblings between them and their new position are moved to their other side instead.
 * @param {any} parent
 * @param {Node[]} nodes siblings, in order
 * @param {Node | null} anchor the node before which they are moved; null: to the end
 */
export function moveSiblings(parent, nodes, anchor) {
  occupied ??= [document.activeElement, readSelection().anchor];
  if (occupied.some((held) => nodes.some((node) => contains(node, held)))) {
    const first = nodes[0], end = nextSibling(/** @type {Node} */ (nodes.at(-1)));
    const down = !anchor || between(end).includes(anchor);
    nodes = down ? between(end, anchor) : between(anchor, first);
    anchor = down ? first : end;
  }
  for (const node of nodes) moveBefore(parent, node, anchor);
}

/** Collect siblings. @param {Node | null} node the first @param {Node | null} [stop] the one after the last */
function between(node, stop) {
  const nodes = [];
  for (; node && node !== stop; node = nextSibling(node)) nodes.push(node);
  return nodes;
}
