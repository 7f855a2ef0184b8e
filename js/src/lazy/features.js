// The features of the client, each a file of its own that pages load when they need it.
//
// To add one, write a module that exports `feature`, describe its members in `Features` of interface.d.ts, and add it here.
// `feature.start()` is called once, when it is there; `feature.register(call)` for each of its attributes in the page, also those
// that come later. Other modules ask for it by `loaded.name?.…` if they need it only where it is there, or by `await load("name")`.
//
// The modules that index.js imports are in one file, lazy.js, and shared. What else a feature imports is in the file of that feature
// alone: the build refuses a module with a state in two files. What most pages need, or is small, is better off in lazy.js.

/** @import { Features } from "../interface.js" */

/** @type {{ [Name in keyof Features]: { file: () => Promise<{ feature: Features[Name] }>, attributes?: string, messages?: RegExp } }} */
export const FEATURES = {
  changes: { file: () => import("./changes.js"), attributes: "animate hook transition" },
  commands: { file: () => import("./commands.js") }, // where the value of an event attribute is one
  dialogs: { file: () => import("./dialogs.js"), attributes: "modal" },
  fetching: { file: () => import("./fetch-ops.js") },
  navigation: { file: () => import("./navigation.js"), attributes: "nav", messages: /"(page|url)":/ },
  pages: { file: () => import("./page-swap.js"), messages: /"page":/ },
  raw: { file: () => import("./raw.js"), attributes: "raw", messages: /"[hs]":/ },
  sorting: { file: () => import("./sorting.js"), attributes: "sort" },
  unsaved: { file: () => import("./unsaved.js"), attributes: "guard" },
  uploads: { file: () => import("./uploads.js"), attributes: "cancel drop entries progress" },
  viewport: { file: () => import("./viewport.js"), attributes: "hidden visible" },
  windows: { file: () => import("./windows.js"), attributes: "window" },
};
