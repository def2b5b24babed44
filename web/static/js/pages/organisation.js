// The organisation's sign-in: link one's own account, and draft what the directory proposes.

import { proposeAndTell, serve } from "../lib/administer.js";
import { post } from "../lib/api.js";
import { say } from "../lib/page.js";
import * as webauthn from "../lib/webauthn.js";

async function link() {
  const begun = await post("/api/authenticate/options", {});
  say("Waiting for your device…");
  const assertion = await webauthn.signIn(begun);
  await post("/api/organisation/link", { ceremony: begun.ceremony, assertion });
  location.reload();
}

async function unlink({ dataset }) {
  await post("/api/organisation/unlink", { user: dataset.user });
  location.reload();
}

const item = ({ dataset }) =>
  proposeAndTell(JSON.parse(dataset.item), { [dataset.user]: dataset.name });

serve({ link, unlink, item }, {});
