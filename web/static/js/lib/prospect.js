// Who could approve what is being drafted: the server counts the people of today.

import { post } from "./api.js";
import { listed, manyOf } from "./policy.js";
import { quoted } from "./quoted.js";
import { text } from "./texts.js";

/** Return `{says, isMeetable}` of a policy that is well formed; `names` gives people by their id. */
export async function prospect(policy, names) {
  const found = await post("/api/policies/preview", { policy: JSON.stringify(policy) });
  const { isMeetable, able, hasMore, unable } = found;
  const who = able.map(({ name }) => quoted(name));
  if (hasMore) who.push(text("draft.prospect.others"));
  const says = [
    isMeetable ? "" : text("draft.prospect.unmeetable"),
    who.length ? text("draft.prospect.able", { able: listed(who) }) : text("draft.prospect.nobody"),
    unable.length && who.length
      ? text("draft.prospect.unable", { unable: listed(unable.map((member) => manyOf(member, names)), "or") })
      : "",
  ];
  return { says: says.filter(Boolean).join(" "), isMeetable };
}
