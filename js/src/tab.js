// Gives the tab a name, by which the server keeps fields for it. Runs before the client, on pages of applications that have
// such fields; see `lazy/tab.js`.

import { nameTab } from "./lazy/tab.js";

nameTab();
