// Tells the browser's password manager what the ledger knows of its passkeys. These are hints: browsers
// may lack them or refuse, and nothing depends on them (WebAuthn L3 section 5.1.10).

import { encode } from "./b64u.js";

const tell = (signal, about) => PublicKeyCredential[signal]?.(about).catch(() => {});

/** Return the user handle of a person's passkeys: the bytes of their id, base64url. */
const handle = (user) =>
  encode(Uint8Array.from(user.replaceAll("-", "").match(/../g), (hex) => parseInt(hex, 16)));

/** The ledger does not take this passkey: the password manager may hide it. */
export const unknown = (rpId, credentialId) =>
  tell("signalUnknownCredential", { rpId, credentialId });

/** These are all passkeys of a person that the ledger takes; others may be hidden. */
export async function accepted(rpId, { user, name }, ids) {
  const userId = handle(user);
  await tell("signalAllAcceptedCredentials", { rpId, userId, allAcceptedCredentialIds: ids });
  await tell("signalCurrentUserDetails", { rpId, userId, name, displayName: name });
}
