import { localTimes } from "../lib/page.js";

localTimes();
