// Mirrors ledger.errors: Python has a type for each thing that a caller can do about an error. A
// verifier needs two: evidence that fails, and evidence that it cannot judge. Any other exception is
// a fault of the verifier itself.

/** What a check found; `code` is stable, `position` the event's position if the finding has one. */
class Finding extends Error {
  constructor(code, detail, position = null) {
    super(detail);
    this.code = code;
    this.position = position;
  }
}

/** Evidence that does not hold. */
export class Refusal extends Finding {}

/** Something needed is missing, or this browser lacks the algorithm: no verdict. */
export class Unknown extends Finding {}

export const isFinding = (error) => error instanceof Finding;

export function refuse(code, detail) {
  throw new Refusal(code, detail);
}

/** Return what `act` returns; a finding that it throws gets this position, unless it has one. */
export function placed(position, act) {
  try {
    return act();
  } catch (error) {
    if (isFinding(error)) error.position ??= position;
    throw error;
  }
}
