// Ends the session here and in every other tab.

import { post } from "./api.js";
import * as keystore from "./keystore.js";
import { me, signedOut } from "./page.js";

/** End the session here and in every other tab, with the keys that were for this session. */
export async function signOut() {
  // The keys first: then nobody can sign with them, even if the ledger does not answer.
  await keystore.leave(me.ledger);
  (await import("./kept-draft.js")).forget();
  await post("/api/logout", {});
  signedOut.postMessage(me.user);
  location.assign("/");
}
