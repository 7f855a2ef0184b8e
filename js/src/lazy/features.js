// The table of features: files of their own, which pages load when they need them.
//
// To add one, write a module that exports `feature`, describe its members in `Features` of interface.d.ts, and add it here.
// `feature.start()` is called once, after loading; `feature.register(call)` for each of its attributes in the page, also those
// that are added later. Other modules use `loaded.name?.…` to call a feature only if it is loaded, or `await load("name")`.
//
// The modules that index.js imports are bundled in one file, lazy.js, and shared. All other modules that a feature imports are
// bundled with that feature; the build rejects a module with state in two files. Put small modules, and those that most pages
// need, into lazy.js.

/** @import { Features } from "../interface.js" */

/** @type {{ [Name in keyof Features]: { file: () => Promise<{ feature: Features[Name] }>, attributes?: string, messages?: RegExp } }} */
export const FEATURES = {
  changes: { file: () => import("./changes.js"), attributes: "animate hook transition" },
  commands: { file: () => import("./commands.js") }, // loaded for event attributes whose value is a command
  dialogs: { file: () => import("./dialogs.js"), attributes: "modal" },
  fetching: { file: () => import("./fetch-ops.js") },
  navigation: { file: () => import("./navigation.js"), attributes: "nav", messages: /"(page|url)":/ },
  pages: { file: () => import("./page-swap.js"), messages: /"page":/ },
  raw: { file: () => import("./raw.js"), attributes: "raw", messages: /"[hs]":| live-raw>/ },
  restoring: { file: () => import("./restoring.js"), messages: /^{.*{"|"page":/ },
  sorting: { file: () => import("./sorting.js"), attributes: "sort" },
  unsaved: { file: () => import("./unsaved.js"), attributes: "guard" },
  uploads: { file: () => import("./uploads.js"), attributes: "cancel drop entries progress" },
  viewport: { file: () => import("./viewport.js"), attributes: "hidden visible" },
  windows: { file: () => import("./windows.js"), attributes: "window" },
};
