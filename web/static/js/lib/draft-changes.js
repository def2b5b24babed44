// What a draft changes of the version before it.

import { seen } from "../elements/content-view.js";
import { differences } from "./differences.js";
import { el, one } from "./dom.js";
import { parseObject } from "./strict-json.js";
import { hasWords, worded } from "./worded.js";
import { text } from "./texts.js";

/** Show in `place` what a document changes of `base`, the version before it. */
export function showChanges(base, document, place) {
  const part = ({ title, policy, readers, usable }) => parseObject(JSON.stringify({ title, policy, readers, usable: usable ?? undefined }));
  const rows = [
    ...differences(parseObject(base.content), parseObject(document.content), "/content"),
    ...differences(part(base), part(document)),
  ];
  const said = ({ kind, pointer, before, after, by }) => [
    el("b", {}, capital(text(`change-kind.${kind}`))), " ", el("code", {}, ...seen(pointer, true)), by && ` ${text("draft.by", { n: by })}`, ": ",
    ...(hasWords({ before, after }) ? wordsOf(before, after) : seen([before, after].filter(Boolean).join(" → "))),
  ];
  const list = rows.map((each) => el("li", {}, ...said(each)));
  one("ul", place).replaceChildren(...(list.length ? list : [el("li", {}, text("draft.nothing"))]));
  place.hidden = false;
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);

function wordsOf(before, after) {
  const [old, now] = worded(before, after);
  const marked = (parts, tag) =>
    parts.flatMap(([text, changed]) => (changed ? el(tag, {}, ...seen(text)) : seen(text)));
  return [...marked(old, "del"), " → ", ...marked(now, "ins")];
}
