// Back from the organisation's provider: go on, from a page of this site, so that cookies are sent.

import { one } from "../lib/dom.js";

location.replace(one("#onward").href);
