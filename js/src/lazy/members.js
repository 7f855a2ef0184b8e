// Like core/members.js, with the members that only the lazy half uses.

import { members } from "../core/members.js";

export * from "../core/members.js";

export const [
  append, attributes, checkVisibility, childNodes, classList, clientHeight, cloneNode, firstElementChild, focus, getAnimations,
  getBoundingClientRect, hasAttribute, isConnected, isEqualNode, lastChild, localName, matches, namespaceURI,
  nextElementSibling, nodeName, nodeType, nodeValue, outerHTML, parentElement, parentNode, querySelector, querySelectorAll,
  reportValidity, requestSubmit, scrollHeight, scrollIntoView, scrollLeft, scrollTo, scrollTop,
  setAttributeNode, tabIndex, tagName, textContent, toggleAttribute,
] = members(
  "append", "attributes", "checkVisibility", "childNodes", "classList", "clientHeight", "cloneNode", "firstElementChild",
  "focus", "getAnimations", "getBoundingClientRect", "hasAttribute", "isConnected", "isEqualNode", "lastChild", "localName",
  "matches", "namespaceURI", "nextElementSibling", "nodeName", "nodeType", "nodeValue", "outerHTML", "parentElement",
  "parentNode", "querySelector", "querySelectorAll", "reportValidity", "requestSubmit", "scrollHeight",
  "scrollIntoView", "scrollLeft", "scrollTo", "scrollTop", "setAttributeNode", "tabIndex", "tagName", "textContent",
  "toggleAttribute",
);
