// What the page says itself, for those who would wait for what doesn't come.

const CLOSED = "This page is no longer updated by itself. It still works; load it again to see what has changed.";
const TOO_LARGE = "Not sent: this is more than 1 MB. Nothing is lost; shorten it and try again.";
const GOES_ON = ["input", "click"];
const STYLE = { position: "fixed", inset: "auto 0 0", zIndex: "2147483647", padding: ".75rem", font: "1rem system-ui", textAlign: "center", color: "#222", background: "#fd9" };

/** @type {HTMLElement | undefined} */
let notice;

export function watchNotices() {
  addEventListener("live:notice", (event) => showForNow(/** @type {CustomEvent} */ (event).detail));
  new MutationObserver(explainClosing).observe(document.documentElement, { attributeFilter: ["data-live"] });
  explainClosing();
}

function explainClosing() {
  if (document.documentElement.dataset.live === "closed") show(CLOSED);
}

/** Says why something wasn't sent. @param {number} status as the server's would be */
export function explain(status) {
  if (status === 413) showForNow(TOO_LARGE);
}

/** Shows a text until the person goes on. @param {string} text */
function showForNow(text) {
  show(text);
  const hide = () => {
    for (const type of GOES_ON) removeEventListener(type, hide);
    notice?.remove();
    explainClosing();
  };
  for (const type of GOES_ON) addEventListener(type, hide);
}

/** @param {string} text */
function show(text) {
  if (!notice) {
    notice = document.createElement("div");
    notice.className = "live-notice";
    notice.setAttribute("role", "alert");
    Object.assign(notice.style, STYLE);
  }
  notice.textContent = text;
  document.documentElement.append(notice); // no page's own
}
