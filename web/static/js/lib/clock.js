// The ledger's clock, as its last answer told it. Signed times follow it, so that a person whose
// device has a wrong clock can sign.

// Within this much the device's own clock is the better one: the ledger tells whole seconds, late.
const CLOSE_MS = 2000;
let offsetMs = 0;

/** Learn from a time that the ledger told just now how far this device's clock is off. */
export function learn(told) {
  const off = Date.parse(told ?? "") - Date.now();
  if (!Number.isNaN(off)) offsetMs = Math.abs(off) > CLOSE_MS ? off : 0;
}

/** Return the time of the ledger's clock, in milliseconds since 1970. */
export const now = () => Date.now() + offsetMs;

learn(document.body.dataset.now);
