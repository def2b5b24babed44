// Starts the worker that re-checks the log, and tells how far it is and what it found.

import { el } from "./dom.js";
import { language, text } from "./texts.js";

const WORKER = new URL("../workers/recheck.js", import.meta.url).href;
// The page's policy lets scripts be started from this address, and from no other.
const trusted = globalThis.trustedTypes?.createPolicy("recheck", {
  createScriptURL(address) {
    if (address !== WORKER) throw new TypeError("not the worker of this page");
    return address;
  },
});

/** Start; fill in the sentence and the bar, and call `over(sentence)` at the end. Return the worker. */
export function begin(says, progress, over) {
  const worker = new Worker(trusted ? trusted.createScriptURL(WORKER) : WORKER, { type: "module" });
  const end = (told, tone) => {
    says.replaceChildren(el("span", { class: tone }, told));
    over(told);
  };
  progress.hidden = false;
  progress.removeAttribute("value");
  says.textContent = text("audit.recheck.running");
  worker.addEventListener("error", () => end(text("audit.recheck.impossible"), "failed"));
  worker.addEventListener("message", ({ data }) => {
    if (data.verified) return end(text("audit.recheck.ok", { size: data.size.toLocaleString(language) }), "passed");
    if (data.code) return end(text(`audit.recheck.${data.code}`, { at: data.position, before: data.position - 1 }), "failed");
    progress.max = data.size;
    progress.value = data.done;
    const [done, size] = [data.done, data.size].map((each) => each.toLocaleString(language));
    says.textContent = text("audit.recheck.progress", { done, size });
    return undefined;
  });
  return worker;
}
