// What a person reads when a passkey ceremony ends without a result: by the error's name, what likely
// happened and what to do. Chrome, Safari and Firefox differ in which name they use for what.

const DEVICE =
  "Your device or password manager could not do this now. Unlock it, or choose another one in the prompt, then try again.";
const MISSING = "Choose a phone, a password manager or another security key.";
const SENTENCES = {
  InvalidStateError: "This device already has a passkey for you. Sign in with it instead.",
  // An authenticator without a PIN or fingerprint, or without room for a passkey.
  ConstraintError: `This device cannot keep a passkey that asks for your fingerprint, face or PIN. Set a screen lock or a PIN on it, delete passkeys that it no longer needs, or choose another one. ${MISSING}`,
  NotSupportedError: `This device makes no passkeys of the kinds that this ledger takes. ${MISSING}`,
  NotReadableError: DEVICE, // Android, when its own service does not answer
  OperationError: DEVICE, // a second prompt is open, or the password manager failed
  UnknownError: DEVICE, // the authenticator failed without saying why
  DataError: DEVICE,
  EncodingError: DEVICE,
};
// A use of a passkey that is not there, and not a second passkey.
const WHEN_USED = {
  InvalidStateError: "This device does not have that passkey any more. Choose another one.",
  ConstraintError: `This device did not ask for your fingerprint, face or PIN, which the ledger needs. Set a screen lock or a PIN on it, or use another passkey.`,
  NotSupportedError: "This device cannot use passkeys of this ledger. Choose another one in the prompt.",
};

/** Return the sentence for an error's name, "" for one that no browser uses here. */
export function sentenceOf(kind, name, rpId) {
  if (name === "SecurityError") {
    return `The passkeys of this ledger belong to ${rpId}, and this page is at ${location.host}. Open the ledger at its own address, or tell an administrator.`;
  }
  return (kind === "get" && WHEN_USED[name]) || SENTENCES[name] || "";
}
