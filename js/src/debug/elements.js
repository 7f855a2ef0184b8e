// Creates the elements that debug mode shows over the page. They are in shadow roots, so that their styles and the page's don't
// affect each other.

/** Create an element. @param {string} name @param {(Node | string)[]} content */
export function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

/**
 * Create an element with attributes.
 * @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} content
 */
export function withAttributes(name, attributes, ...content) {
  const made = element(name, ...content);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * Attach a shadow root with styles, without a style element, which a content security policy may forbid.
 * @param {Element} host
 * @param {string} style
 */
export function shadow(host, style) {
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  return root;
}
