// What a person reads when a passkey ceremony ends without a result: by the error's name, what likely
// happened and what to do. Chrome, Safari and Firefox differ in which name they use for what.

import { text } from "./texts.js";

const KEYS = {
  InvalidStateError: "ceremony.has-one",
  // An authenticator without a PIN or fingerprint, or without room for a passkey.
  ConstraintError: "ceremony.cannot-keep",
  NotSupportedError: "ceremony.no-kind",
  NotReadableError: "ceremony.device", // Android, when its own service does not answer
  OperationError: "ceremony.device", // a second prompt is open, or the password manager failed
  UnknownError: "ceremony.device", // the authenticator failed without saying why
  DataError: "ceremony.device",
  EncodingError: "ceremony.device",
};
// A use of a passkey that is not there, and not a second passkey.
const WHEN_USED = {
  InvalidStateError: "ceremony.gone",
  ConstraintError: "ceremony.did-not-ask",
  NotSupportedError: "ceremony.cannot-use",
};

/** Return the sentence for an error's name, "" for one that no browser uses here. */
export function sentenceOf(kind, name, rpId) {
  if (name === "SecurityError") return text("ceremony.elsewhere", { party: rpId, host: location.host });
  const key = (kind === "get" && WHEN_USED[name]) || KEYS[name];
  return key ? text(key) : "";
}
