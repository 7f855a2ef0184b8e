// `live-drop`: files that are dropped on an element are chosen in the file input in it, or in the one whose id it names.

export function watchDrops() {
  for (const type of ["dragover", "dragleave", "drop"]) addEventListener(type, (event) => heedDrag(/** @type {DragEvent} */ (event)));
}

/** @param {DragEvent} event */
function heedDrag(event) {
  const { dataTransfer, target, type } = event;
  const zone = target instanceof Element && target.closest("[live-drop]");
  if (!zone || !dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  zone.toggleAttribute("data-dragging", type === "dragover");
  const id = zone.getAttribute("live-drop");
  const input = id ? document.getElementById(id) : zone.querySelector("input[type=file]");
  if (type === "drop" && input instanceof HTMLInputElement && !input.disabled) choose(input, [...dataTransfer.files]);
}

/** @param {HTMLInputElement} input @param {File[]} files */
function choose(input, files) {
  const chosen = new DataTransfer();
  for (const file of input.multiple ? files : files.slice(0, 1)) chosen.items.add(file);
  input.files = chosen.files;
  for (const type of ["input", "change"]) input.dispatchEvent(new Event(type, { bubbles: true }));
}
