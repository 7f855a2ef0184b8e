// Shows notices over the page: that it isn't updated any more, or that something wasn't sent.

const CLOSED = "This page is no longer updated by itself. It still works; load it again to see what has changed.";
const TOO_LARGE = "Not sent: this is more than 1 MB. Nothing is lost; shorten it and try again.";
const GOES_ON = ["input", "click"];
const STYLE = { position: "fixed", inset: "auto 0 0", zIndex: "2147483647", padding: ".75rem", font: "1rem system-ui", textAlign: "center", color: "#222", background: "#fd9" };

/** @type {HTMLElement | undefined} */
let notice;

/** Show notices from now on. */
export function watchNotices() {
  addEventListener("live:notice", (event) => showForNow(/** @type {CustomEvent} */ (event).detail));
  new MutationObserver(explainClosing).observe(document.documentElement, { attributeFilter: ["data-live"] });
  explainClosing();
}

/** Show a notice if the client has given up. */
function explainClosing() {
  if (document.documentElement.dataset.live === "closed") show(CLOSED);
}

/** Show why something wasn't sent. @param {number} status the corresponding HTTP status */
export function explain(status) {
  if (status === 413) showForNow(TOO_LARGE);
}

/** Show a text until the user's next click or input. @param {string} text */
function showForNow(text) {
  show(text);
  const hide = () => {
    for (const type of GOES_ON) removeEventListener(type, hide);
    notice?.remove();
    explainClosing();
  };
  for (const type of GOES_ON) addEventListener(type, hide);
}

/** Show a text. @param {string} text */
function show(text) {
  if (!notice) {
    notice = document.createElement("div");
    notice.className = "live-notice";
    notice.setAttribute("role", "alert");
    Object.assign(notice.style, STYLE);
  }
  notice.textContent = text;
  document.documentElement.append(notice); // outside of the body, which may be replaced
}
