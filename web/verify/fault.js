// What a verifier says of evidence: refused, or beyond what this bundle and this browser can tell.
// Anything else that is thrown is a fault of the verifier.

/** Why evidence does not hold; `code` is stable, `position` that of the event, where there is one. */
class Finding extends Error {
  constructor(code, detail, position = null) {
    super(detail);
    this.code = code;
    this.position = position;
  }
}

/** Evidence that does not hold. */
export class Refusal extends Finding {}

/** Evidence that lacks something needed, or that this browser has no means for: no verdict. */
export class Unknown extends Finding {}

export const isFinding = (error) => error instanceof Finding;

export function refuse(code, detail) {
  throw new Refusal(code, detail);
}

/** Do something about one position; whatever is found there has it. */
export function placed(position, act) {
  try {
    return act();
  } catch (error) {
    if (isFinding(error)) error.position ??= position;
    throw error;
  }
}
