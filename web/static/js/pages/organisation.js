// The organisation's sign-in: link one's own account, and draft what the directory proposes.

import { proposeAndTell, serve } from "../lib/administer.js";
import { post } from "../lib/api.js";
import { all } from "../lib/dom.js";
import { say } from "../lib/page.js";
import * as webauthn from "../lib/webauthn.js";
import { text } from "../lib/texts.js";

/** Send a request with a fresh assertion of one's own passkey. */
async function send(path, members = {}) {
  const begun = await post("/api/authenticate/options", {});
  say(text("page.waiting"));
  const assertion = await webauthn.signIn(begun);
  await post(path, { ...members, ceremony: begun.ceremony, assertion });
  location.reload();
}

const link = () => send("/api/organisation/link");
const unlink = ({ dataset: { user } }) => send("/api/organisation/unlink", { user });

const item = ({ dataset }) =>
  proposeAndTell(JSON.parse(dataset.item), { [dataset.user]: dataset.name });

serve({ link, unlink, item }, {});
// These need a passkey and no signing key.
for (const button of all("[data-action=link], [data-action=unlink]")) button.disabled = false;
