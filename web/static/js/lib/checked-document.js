// A statement's document as this browser fetched, hashed and showed it; nothing else is signed.

import { bytes } from "./api.js";
import { sha256Hex } from "./digest.js";
import { parse } from "./strict-json.js";
import { text } from "./texts.js";

/** A document that nobody must sign; `computed` is the digest of the bytes that arrived. */
export class Unfaithful extends Error {
  constructor(message, computed) {
    super(message);
    this.computed = computed;
  }
}

/**
 * Fetch the document of a statement, compare its digest, and call `show(document, text)`. Return
 * `{raw, title, content}`; throw Unfaithful if it is another one, or cannot be shown as it is.
 */
export async function checkedDocument({ id, sha256, ledger }, show) {
  const raw = await bytes(`/api/statements/${id}/document`);
  const computed = await sha256Hex(raw);
  if (computed !== sha256) throw new Unfaithful(text("check.digest"), computed);
  try {
    const said = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
    parse(said);
    const document = JSON.parse(said);
    if (document.statementId !== id || document.ledger !== ledger) {
      throw new Unfaithful(text("check.another"), computed);
    }
    await show(document, said);
    return { raw, title: document.title, content: document.content };
  } catch (error) {
    if (error instanceof Unfaithful) throw error;
    throw new Unfaithful(text("check.unfaithful", { why: error.why ? text(`json.${error.why}`, error) : error.message }), computed);
  }
}
