// Uses of an approved statement: who can use it, in a sentence, and what people sign about them.
// Loaded only where a document names executors. The sentence is that of src/ledger/pages/uses.py;
// tests/vectors/web/uses.json holds both.

import { encode } from "./b64u.js";
import { all, ask, one } from "./dom.js";
import { signAct } from "./jws.js";
import { me } from "./page.js";
import { called, listed, moment } from "./policy.js";
import { confirmed } from "./stepup.js";
import { catalogue, fill } from "./texts.js";

const DAY_MS = 86_400_000;

/** Return who can use a statement, how often and until when; `names` gives people by their id. */
export function usableSentence({ by, times, until }, names, texts = catalogue) {
  const named = by.map((member) => {
    const name = member.slice(member.indexOf(":") + 1);
    if (member.startsWith("user:")) return called(name, names);
    return fill(texts["uses.holders"], { role: name });
  });
  const often = fill(texts[`uses.times.${times === 1 ? "one" : "other"}`], { count: times });
  const end = until ? fill(texts["uses.until"], { time: moment(until) }) : "";
  return fill(texts["uses.sentence"], { by: listed(named), times: often, until: end });
}

/** Return the `usable` member that the form asks for, null for none. */
export function chosenUsable(form, nowMs) {
  const by = all("input[name=executor]:checked", form).map(({ value }) => value);
  if (!by.length) return null;
  const days = Number(one("#use-days", form).value);
  const until = days ? { until: new Date(nowMs + days * DAY_MS).toISOString() } : {};
  return { by, times: one("#use-times", form).valueAsNumber || 0, ...until };
}

/** Ask for confirmation and sign: return what to send, null if the person does not want to. */
export async function signed(action, { number, generation }, { key, statementId, sha256 }) {
  const dialog = one(`#${action}-dialog`);
  if (!(await ask(dialog))) return null;
  const about = { statementId, sha256 };
  const written = (name) => one(`[name=${name}]`, dialog)?.value.trim() || undefined;
  if (action === "use") {
    const nonce = encode(crypto.getRandomValues(new Uint8Array(32)));
    const reference = written("reference");
    const members = { ...about, nonce, ...(reference && { reference }) };
    return { action, body: { act: await signAct(key, me.ledger, "use", members) } };
  }
  const isConfirmation = action === "not-done";
  const outcome = isConfirmation ? "not-done" : one("[name=outcome]:checked", dialog).value;
  const reason = written("reason");
  const use = { number: Number(number), generation: Number(generation), outcome };
  const act = await signAct(key, me.ledger, "outcome", { ...about, ...use, ...(reason && { reason }) });
  const body = isConfirmation ? (await confirmed(act)).body : { act };
  return { action: "outcome", body };
}
