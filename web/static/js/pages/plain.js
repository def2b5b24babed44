// What every page does, for a page that needs nothing more.

import { start } from "../lib/page.js";

await start();
