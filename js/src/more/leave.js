// Away from the page, where an answer says so.

/** @param {{ url: string, replace?: boolean }} way */
export function leave({ url, replace }) {
  const target = new URL(url, document.baseURI);
  const [here] = location.href.split("#");
  const reload = target.hash && target.href.split("#")[0] === here;
  location[replace ? "replace" : "assign"](target);
  if (reload) location.reload(); // the browser has only scrolled
}
