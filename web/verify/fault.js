// What a verifier says of evidence: refused, with the code that ledger.errors has for it, or beyond
// what this browser can tell. Anything else that is thrown is a fault of the verifier.

/** Evidence that does not hold; `code` is stable and listed in docs/reference/errors.md. */
export class Refusal extends Error {
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

/** Evidence that this browser has no means to verify: never a pass, never a failure. */
export class Unknown extends Error {}

export function refuse(code, detail) {
  throw new Refusal(code, detail);
}
