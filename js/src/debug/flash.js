// What patches change flashes, when asked for: Alt+Shift+F turns it on and off, for this tab.

const KEY = "live-flash";
const COLOUR = "#f0a";
const SHOWN = 700; // ms
const EVERYTHING = { attributes: true, characterData: true, childList: true, subtree: true };

const observer = new MutationObserver(() => {});

export function watchChanges() {
  addEventListener("live:patch", (event) => {
    if (!sessionStorage.getItem(KEY)) return;
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") observer.observe(document, EVERYTHING);
    else {
      for (const element of changedIn(observer.takeRecords())) if (element) flash(element);
      observer.disconnect();
    }
  });
  addEventListener("keydown", ({ altKey, code, shiftKey }) => {
    if (altKey && shiftKey && code === "KeyF") toggle();
  });
}

function toggle() {
  if (sessionStorage.getItem(KEY)) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, "1");
  flash(document.body);
}

/** @param {MutationRecord[]} records */
function changedIn(records) {
  const nodes = records.flatMap(({ addedNodes, target }) => {
    const elements = [...addedNodes].filter((node) => node instanceof Element);
    return elements.length ? elements : [target];
  });
  const elements = nodes.map((node) => (node instanceof Element ? node : node.parentElement));
  return new Set(elements.filter((element) => element?.isConnected));
}

/** Without a style attribute: policies allow it, and patches never meet it. @param {Element} element */
function flash(element) {
  const frames = [{ outline: `2px solid ${COLOUR}`, outlineOffset: "-2px" }, { outline: "2px solid transparent", outlineOffset: "-2px" }];
  element.animate(frames, { duration: SHOWN, id: KEY });
}
