// Elements for what debug mode shows over the page, in shadow roots: the page's styles don't reach it, nor its own the page.

/** @param {string} name @param {(Node | string)[]} content */
export function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

/**
 * An element with attributes.
 * @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} content
 */
export function withAttributes(name, attributes, ...content) {
  const made = element(name, ...content);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A shadow root with styles that every policy allows. @param {Element} host @param {string} style */
export function shadow(host, style) {
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  return root;
}
