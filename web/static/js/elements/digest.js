// <ledger-digest data-hex="…">: a digest in 8 groups of 8, with a button that copies it whole.

import { el } from "../lib/dom.js";
import { groups } from "../lib/digest.js";
import { say } from "../lib/page.js";

/** Return the spans of a digest, spaces between, so that it is read and copied in groups. */
export function grouped(hex) {
  return groups(hex).flatMap((group, index) => [index ? " " : "", el("span", {}, group)]);
}

class LedgerDigest extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("button")) return;
    const button = el("button", { type: "button", class: "button small-button" }, "Copy");
    button.append(el("span", { class: "visually-hidden" }, " the digest"));
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.dataset.hex);
      say("Digest copied.");
    });
    if (!this.firstElementChild) this.append(el("code", { class: "digest" }, ...grouped(this.dataset.hex)));
    this.append(button);
  }
}

customElements.define("ledger-digest", LedgerDigest);
