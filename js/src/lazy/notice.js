// What the page says itself when it isn't live any more: for those who would wait for what doesn't come.

const TEXT = "This page is no longer updated by itself. It still works; load it again to see what has changed.";
const STYLE = { position: "fixed", inset: "auto 0 0", zIndex: "2147483647", padding: ".75rem", font: "1rem system-ui", textAlign: "center", color: "#222", background: "#fd9" };

export function watchClosing() {
  new MutationObserver(showNotice).observe(document.documentElement, { attributeFilter: ["data-live"] });
  showNotice();
}

function showNotice() {
  if (document.documentElement.dataset.live !== "closed" || document.querySelector(".live-notice")) return;
  const notice = document.createElement("div");
  notice.className = "live-notice";
  notice.setAttribute("role", "status");
  notice.textContent = TEXT;
  Object.assign(notice.style, STYLE);
  document.documentElement.append(notice); // no page's own
}
