// What a change asks for, in sentences, with the values that it replaces. The sentences are those
// of src/ledger/pages/change_words.py; tests/vectors/web/changes.json holds both.

import { listed, manyOf, moment, nodePhrase, policySentence } from "./policy.js";
import { quoted } from "./quoted.js";
import { fill } from "./texts.js";

const DAY_MS = 24 * 3_600_000;
const HOMES = ["device", "program", "session", "synced"];

/**
 * Return the items of a change as `{sentence, before, after, passkeys}`. `names` gives people by
 * their id, `texts` is the catalogue. `replaced` has the values that items replace, by their digest
 * `was`. `passkeys` has those that an item names: whose, and the SHA-256 of the COSE key in hex.
 */
export function describe(items, names, texts, replaced = {}) {
  return items.map((item) => {
    const [[name, members]] = Object.entries(item);
    const key = `change.${name}${members.people ? ".people" : members.name ? ".name" : ""}`;
    const said = fill(texts[key], values(members, names, texts));
    const sentence = members.pending ? `${said.replace(/\.$/, "")}. ${texts[`change.pending.${members.pending}`]}` : said;
    const passkeys = (members.people ?? [members])
      .filter(({ cose }) => cose)
      .map(({ user, cose }) => [names[user] ?? user.slice(0, 8), cose]);
    const old = replaced[members.was];
    if (old && name === "set-charter") {
      const [before, after] = [old, members.values].map((each) => valuesPhrase(each, texts));
      return { sentence, before, after, passkeys };
    }
    if (old && name === "set-governance") {
      const [before, after] = [old, members.policy].map((each) => nodePhrase(each, names));
      return { sentence, before, after, passkeys };
    }
    return { sentence, passkeys };
  });
}

/** Return the values that the texts of items have places for. */
function values(
  { name, user = name, expiresAt, since, invitation, statement, people, policy, definition, values: charter, ...members },
  names,
  texts,
) {
  return {
    ...members,
    ...(user && { who: names[user] ?? user.slice(0, 8) }),
    ...(expiresAt && { until: moment(expiresAt) }),
    ...(since && { since: moment(since) }),
    ...(members.status && { status: texts[`status.${members.status}`] }),
    ...(invitation && { invitation: invitation.slice(0, 8) }),
    ...(statement && { statement: statement.slice(0, 8) }),
    ...(people && { people: listed(people.map(({ user: one }) => quoted(names[one] ?? one.slice(0, 8)))) }),
    ...(policy && { policy: nodePhrase(policy, names) }),
    ...(definition && ofDefinition(JSON.parse(definition), names, texts)),
    ...(charter && { values: valuesPhrase(charter, texts) }),
  };
}

/** Return what a definition of a type says in words: its rules, but for the schema. */
const ofDefinition = (
  { name, version, title, drafters, policy, supersede, freshness, messages, retention }, names, texts,
) => ({
  name,
  version,
  title,
  drafters: listed(drafters.map((each) => manyOf(each, names))),
  supersede: supersede === "drafters" ? texts["change.superseded-by.drafters"] : "",
  fresh: freshness ? fill(texts["change.fresh"], { age: agePhrase(freshness, texts) }) : "",
  told: messages ? fill(texts["change.told"], { what: toldPhrase(messages, texts) }) : "",
  kept: retention ? fill(texts[`change.kept.${retention.since}`], { age: counted("days", retention.days, texts) }) : "",
  policy: policySentence(policy, names),
});

const toldPhrase = ({ title, members = [] }, texts) =>
  listed([...(title ? [texts["change.told.title"]] : []), ...members.map(quoted)]);

/** Return the values of the charter in words. */
function valuesPhrase({ registration, floor, maxAge, untyped, homes = HOMES, recoveryWait = DAY_MS }, texts) {
  const said = (key, filled = {}) => fill(texts[`change.values.${key}`], filled);
  const parts = [
    said("registration", { registration: texts[`registration.${registration}`] }),
    said(floor.people === 1 ? "people.one" : "people.other", { count: floor.people }),
    ...(floor.creatorMaySign ? [] : [said("creator")]),
    ...(floor.assurance === "passkey" ? [said("passkey")] : []),
    ...(untyped ? [] : [said("typed")]),
    said("age", { age: wait(maxAge, texts) }),
    ...(homes.length === HOMES.length ? [] : [said("homes", { homes: homesPhrase(homes, texts) })]),
    said("wait", { wait: wait(recoveryWait, texts) }),
  ];
  return parts.join("; ");
}

const homesPhrase = (homes, texts) => listed(homes.map((home) => texts[`change.home.${home}`]), "or");

function wait(ageMs, texts) {
  const hours = ageMs / 3_600_000;
  return hours % 24 ? counted("hours", hours, texts) : counted("days", hours / 24, texts);
}

const agePhrase = (ageMs, texts) =>
  ageMs % 3_600_000 ? counted("minutes", ageMs / 60_000, texts) : wait(ageMs, texts);

function counted(unit, count, texts) {
  return fill(texts[`change.wait.${unit}.${count === 1 ? "one" : "other"}`], { count });
}
