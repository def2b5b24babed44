// What a verifier says of evidence: refused, with the code that ledger.errors has for it, or beyond
// what this browser can tell. Anything else that is thrown is a fault of the verifier.

/**
 * Evidence that does not hold; `code` is stable and listed in docs/reference/errors.md, `position`
 * that of the event, where there is one.
 */
export class Refusal extends Error {
  constructor(code, detail, position = null) {
    super(detail);
    this.code = code;
    this.position = position;
  }
}

/** Evidence that cannot be verified here: something is missing, or this browser lacks the means. */
export class Unknown extends Error {
  constructor(detail, code = null, position = null) {
    super(detail);
    this.code = code;
    this.position = position;
  }
}

export function refuse(code, detail, position) {
  throw new Refusal(code, detail, position);
}
