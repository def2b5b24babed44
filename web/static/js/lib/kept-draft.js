// Keeps what somebody writes in this browser until it is submitted. Nothing is sent, and signing
// out deletes it: in every tab, and nothing is kept after that.

import { all } from "./dom.js";

const PREFIX = "draft/";
// What the form has besides the policy, which has a form of its own.
const KEPT = "#title, #content, #use-times, #use-days, [name=read-by], [name=reader], [name=executor]";

let isOver = false;

/** What is kept of one draft: a new one, one of a type, or a new version. */
export class KeptDraft {
  #saved = "";

  /** `isShared` tells that the person's key is for this session only: then so is the draft. */
  constructor({ ledger, user }, what, { isShared }) {
    this.name = `${PREFIX}${ledger}/${user}/${what}`;
    this.storage = isShared ? sessionStorage : localStorage;
    this.isElsewhere = false;
    this.at = 0;
    window.addEventListener("storage", ({ key, newValue }) => {
      this.isElsewhere ||= key === this.name && newValue !== null;
    });
  }

  /** Fill the form with what is kept; return `{at, policy}`, null if there is nothing. */
  restore(form) {
    const kept = JSON.parse(this.storage.getItem(this.name) ?? "null");
    if (!kept) return null;
    for (const field of all(KEPT, form)) {
      const value = kept.fields[field.id];
      if (value === undefined) continue;
      if (typeof value === "boolean") field.checked = value;
      else field.value = value;
    }
    this.#saved = this.#text(form, kept.policy);
    return kept;
  }

  /**
   * Keep the form as it is; return whether it is kept now, or nothing has to be kept any more.
   *
   * `policy` is its text, also one that is no JSON yet. `at` is when it was last written.
   */
  keep(form, policy, nowMs) {
    if (isOver) return true;
    const text = this.#text(form, policy);
    if (text === this.#saved) return true;
    if (this.isElsewhere) return false;
    try {
      this.storage.setItem(this.name, JSON.stringify({ ...JSON.parse(text), at: nowMs }));
    } catch (error) {
      if (error instanceof DOMException) return false; // the room of this site is used up
      throw error;
    }
    this.#saved = text;
    this.at = nowMs;
    return true;
  }

  /** Delete what is kept, and keep nothing more on this page. */
  drop() {
    isOver = true;
    this.storage.removeItem(this.name);
  }

  #text(form, policy) {
    const fields = all(KEPT, form).map((field) => [field.id, valueOf(field)]);
    return JSON.stringify({ fields: Object.fromEntries(fields), policy });
  }
}

const valueOf = (field) => (["checkbox", "radio"].includes(field.type) ? field.checked : field.value);

/** Delete every draft that this browser and this tab keep, and keep none any more. */
export function forget() {
  isOver = true;
  for (const storage of [localStorage, sessionStorage]) {
    for (const name of Object.keys(storage)) if (name.startsWith(PREFIX)) storage.removeItem(name);
  }
}
