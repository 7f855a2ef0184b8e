// Siblings that move, without a loss of state (media, frames) where the browser can.

import { contains, insertBefore, members, nextSibling } from "./members.js";

/** Moves a node without a loss of its state (media, frames), where the browser can. */
export const moveBefore = "moveBefore" in Element.prototype ? members("moveBefore")[0] : insertBefore;

const MOVES = /[[,]\[\d+,-?\d+]/; // in a patch: the items of a list that move have two numbers each

/** @type {{ anchor: Node | null } | null} where the selection begins */
let selection = null;
/** @type {(Node | null)[] | null} where the person is: in what has the focus, and where the selection begins */
let occupied = null;

/** Reads where the selection is. Without one, browsers answer only after a layout, so it is read once per patch. */
function readSelection() {
  if (!selection) queueMicrotask(() => { selection = occupied = null; });
  return (selection ??= { anchor: /** @type {Selection} */ (getSelection()).anchorNode });
}

/** Reads the selection before a patch with moves writes anything: the layout is still there then. @param {string} message is about to be applied */
export function prepareMoves(message) {
  if (MOVES.test(message)) readSelection();
}

/**
 * What the person is in doesn't move: that would end a composition or a selection. Instead the siblings between it and its new
 * range go to its other side.
 * @param {any} parent
 * @param {Node[]} nodes siblings, in order
 * @param {Node | null} anchor
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

/** Siblings. @param {Node | null} node the first @param {Node | null} [stop] behind the last */
function between(node, stop) {
  const nodes = [];
  for (; node && node !== stop; node = nextSibling(node)) nodes.push(node);
  return nodes;
}
