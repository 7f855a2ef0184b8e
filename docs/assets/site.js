// The theme makes each button that copies code a landmark, all without a name.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll("nav.md-code__nav:not([role])")) nav.setAttribute("role", "none");
}).observe(document.body, { childList: true, subtree: true });

// A live example is as high as its content. A page that was opened from a folder can't look into its frames.
for (const frame of document.querySelectorAll("iframe.live")) {
  frame.addEventListener("load", () => {
    const root = frame.contentDocument?.documentElement;
    if (root) new ResizeObserver(() => { frame.style.height = `${root.offsetHeight + 2}px`; }).observe(root);
  });
}
