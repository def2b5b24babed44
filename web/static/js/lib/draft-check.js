// The last step of a draft: the document exactly as all will sign it.

import { seen, showContent } from "../elements/content-view.js";
import { grouped, seal } from "../elements/seal.js";
import { one } from "./dom.js";
import { offer } from "./own-approval.js";
import { policySentence } from "./policy.js";
import { readersSentence } from "./readers.js";
import { parseObject } from "./strict-json.js";

const field = (name) => one(`#check-${name}`);

/** Show a document and its digest; `base` is the version before it, `names` gives people by id. */
export async function showCheck({ text, sha256 }, document, { base, names }) {
  const { title, content, policy, readers, usable } = document;
  field("name").replaceChildren(...seen(title, true));
  showContent(title, parseObject(content), {
    shown: field("content"), list: field("cautions"), count: field("values"),
  });
  field("bytes").textContent = text;
  field("policy").textContent = policySentence(policy, names);
  field("readers").textContent = readersSentence(readers ? "participants" : "everyone", readers, names);
  field("usable").textContent = usable ? (await import("./uses.js")).usableSentence(usable, names) : "";
  // Few drafts are a new version.
  if (base) (await import("./draft-changes.js")).showChanges(base, document, field("changed"));
  field("seal").replaceChildren(seal(sha256));
  field("digest").replaceChildren(...grouped(sha256));
  field("copy").dataset.text = sha256;
  const own = one("#own-approval");
  own.textContent = offer(policy, own.dataset);
  own.hidden = !own.textContent;
}
