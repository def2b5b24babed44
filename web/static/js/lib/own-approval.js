// The drafter's own approval, right after the draft: a second signature, over the document's bytes.

import { post, settle } from "./api.js";
import { bytesOf } from "./digest.js";
import { signApproval } from "./jws.js";
import { me } from "./page.js";
import { text } from "./texts.js";

/** Return the words of the button that approves one's own draft, "" if the policy does not ask. */
export function offer(policy, { roles }) {
  const [first] = policy.steps ?? [policy];
  const mine = new Set([`user:${me.user}`, ...roles.split(" ").map((role) => `role:${role}`)]);
  const asks = ({ of }) => of.some((each) => (typeof each === "string" ? mine.has(each) : asks(each)));
  if (policy.creatorMaySign === false || !asks(first)) return "";
  const isFlat = !policy.steps && policy.of.every((each) => typeof each === "string");
  return isFlat ? text("own-approval.of", { needed: policy.threshold }) : text("own-approval.first");
}

/** Approve a document that was just recorded; `made` is `{text, policy}`. */
export async function approveOwn(key, statementId, { text: document, policy }) {
  const body = { jwt: await signApproval(key, bytesOf(document)) };
  if (policy.assurance === "passkey") {
    const { confirmed } = await import("./stepup.js");
    body.assertion = (await confirmed(body.jwt)).body.assertion;
  }
  const { position } = await post(`/api/statements/${statementId}/sign`, body);
  await settle(position);
}
