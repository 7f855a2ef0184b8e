// As core/members.js, for what only the lazy half reads.

import { members } from "../core/members.js";

export * from "../core/members.js";

export const [
  append, attributes, checkVisibility, childNodes, classList, clientHeight, cloneNode, firstElementChild, focus, getAnimations,
  getBoundingClientRect, hasAttribute, isConnected, isEqualNode, lastChild, localName, matches, namespaceURI,
  nextElementSibling, nodeName, nodeType, nodeValue, outerHTML, parentElement, parentNode, querySelector, querySelectorAll,
  replaceChildren, reportValidity, requestSubmit, scrollHeight, scrollIntoView, scrollLeft, scrollTo, scrollTop,
  setAttributeNode, tabIndex, tagName, textContent, toggleAttribute,
] = members(
  "append", "attributes", "checkVisibility", "childNodes", "classList", "clientHeight", "cloneNode", "firstElementChild",
  "focus", "getAnimations", "getBoundingClientRect", "hasAttribute", "isConnected", "isEqualNode", "lastChild", "localName",
  "matches", "namespaceURI", "nextElementSibling", "nodeName", "nodeType", "nodeValue", "outerHTML", "parentElement",
  "parentNode", "querySelector", "querySelectorAll", "replaceChildren", "reportValidity", "requestSubmit", "scrollHeight",
  "scrollIntoView", "scrollLeft", "scrollTo", "scrollTop", "setAttributeNode", "tabIndex", "tagName", "textContent",
  "toggleAttribute",
);
