// Names the tab, so that the server can keep fields per tab. Loaded before the client by applications that have such fields;
// see `lazy/tab.js`.

import { nameTab } from "./lazy/tab.js";

nameTab();
