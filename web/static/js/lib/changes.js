// Changes: what an administrator asks for is drafted, approved and sent in one request. A change of
// governance is drafted alone: its people accept the policy first.

import { get, post } from "./api.js";
import { titleOf } from "./change-title.js";
import { now } from "./clock.js";
import { bytesOf, sha256Hex } from "./digest.js";
import { jcs } from "./jcs.js";
import { signAct, signApproval } from "./jws.js";
import { confirm } from "./webauthn.js";

const DAY_MS = 86_400_000;
const PENDING_MS = 30 * DAY_MS;

/**
 * Make a change with these items, as the person whose key signs; `waiting` is called before the
 * passkey's prompt. The answer's status is `approved` if governance asks for one person only and the
 * change sets no other governance.
 */
export async function makeChange(key, { ledger, user }, items, waiting) {
  const { policy } = await get("/api/governance");
  const at = now();
  const expiresAt = new Date(at + PENDING_MS).toISOString();
  const statementId = crypto.randomUUID();
  const document = jcs({
    content: jcs({ items }),
    createdAt: new Date(at).toISOString(),
    creator: user,
    ledger,
    policy: { ...policy, assurance: "passkey", expiresAt },
    statementId,
    title: titleOf(items),
    type: { name: "ledger/change", version: 1 },
  });
  const sha256 = await sha256Hex(document);
  const act = await signAct(key, ledger, "draft", { statementId, sha256 });
  if (items.some((item) => "set-governance" in item)) return post("/api/changes", { document, act });
  const jwt = await signApproval(key, bytesOf(document));
  const { publicKey } = await post("/api/jwt-keys/options", {});
  waiting();
  const assertion = await confirm({ jws: jwt, ledger, user, publicKey });
  return post("/api/changes", { document, act, jwt, assertion });
}
