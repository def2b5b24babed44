// Mirrors ledger.verify.exhibits: the files that show the events of a bundle to people and to tools
// for JWS. Recomputes them from the bodies, and compares.

import { encode as toBase64Url } from "../../static/js/lib/b64u.js";
import { bytesOf } from "../../static/js/lib/digest.js";
import { signatureOf, STREAM_OF, streamOf, TAG } from "../domain/events.js";
import { attestationChallenge, serviceChallenge } from "../domain/challenges.js";
import { addsKey } from "../domain/events_of_people.js";
import { evolvePerson, keyReference } from "../domain/person.js";
import { HOME, KEY_STATUS } from "../domain/vocabulary.js";
import { canonical, equal } from "../encoding.js";
import { isFinding, refuse } from "../errors.js";
import { general } from "../jose/compact.js";
import { algorithmsOf } from "../jose/keys.js";
import { added } from "./known_states.js";

export const VKEYS = "keys/vkeys";
const EXHIBIT = /^(?:statements\/|people\/|keys\/vkeys$)/;

export const isExhibit = (name) => EXHIBIT.test(name);

/** Refuse a bundle whose exhibits are not exactly the files that follow from its events. */
export async function requireExhibits(files, events, statements) {
  const expected = await exhibits(events, statements);
  const names = new Set([...expected.keys(), ...[...files.keys()].filter(isExhibit)]);
  for (const name of [...names].sort()) {
    const [shown, follows] = [files.get(name), expected.get(name)];
    if (!shown || !follows || !equal(shown, follows)) {
      refuse("exhibit_mismatch", `${name} is not what the events say`);
    }
  }
}

/** Return the files that follow from these events, name to bytes. */
async function exhibits(events, statements) {
  const files = new Map([[VKEYS, vkeys(events)]]);
  const signers = new Set();
  const streams = new Map(); // the events of each
  for (const event of events) added(streams, event.stream, event);
  for (const id of statements) {
    const mine = streams.get(id) ?? [];
    for (const [name, text] of ofStatement(mine)) files.set(`statements/${id}/${name}`, text);
    for (const { type, body } of mine) {
      signers.add(streamOf(type) === STREAM_OF.STATEMENT ? (body.kid ?? "") : "");
    }
  }
  const founding = events.find(({ type }) => type === TAG.LEDGER_CREATED)?.body;
  for (const mine of founding ? streams.values() : []) {
    for (const [name, text] of await ofPerson(mine, signers, founding)) files.set(name, text);
  }
  return new Map([...files].map(([name, text]) => [name, bytesOf(text)]));
}

function vkeys(events) {
  const announcing = [TAG.LOG_KEYS_ANNOUNCED, TAG.LEDGER_RESTORED];
  const announced = events.filter(({ type }) => announcing.includes(type));
  return announced.flatMap(({ body }) => body.vkeys.map((vkey) => `${vkey}\n`)).join("");
}

function ofStatement(events) {
  const files = [];
  const shared = new Map(); // the JWS by position
  const by = new Map(); // the positions of each signer
  let payload = "";
  for (const event of events) {
    const { type, position, body } = event;
    if (type === TAG.STATEMENT_DRAFTED) {
      files.push(["document.json", body.document]);
      payload = toBase64Url(bytesOf(body.document));
    }
    const jws = signatureOf(event);
    const middle = jws.split(".", 4).slice(1, -1);
    if (type === TAG.STATEMENT_SIGNED && middle.length === 1 && middle[0] === payload) {
      shared.set(position, jws);
      added(by, body.signer, position);
    }
    if (type === TAG.APPROVAL_RETRACTED) {
      (by.get(body.signer) ?? []).forEach((each) => shared.delete(each));
      by.delete(body.signer);
    }
    // Nobody signs an effect of a change.
    if (jws) files.push([`${position}-${type.replace(/\.[^.]*$/, "")}.jws`, jws]);
  }
  if (shared.size) files.push(["jws.json", general([...shared.values()])]);
  return files;
}

/** Return the files of a person's keys that signed; the person is folded once for all of them. */
async function ofPerson(events, signers, founding) {
  const signed = events.filter((event) => addsKey(event) && signers.has(event.body.kid));
  if (!signed.length) return [];
  const passkeys = new Map();
  for (const { type, body } of events) {
    if (type === TAG.PASSKEY_ADDED && !passkeys.has(body.credentialId)) passkeys.set(body.credentialId, body);
  }
  const ends = endsOf(events);
  let known = null;
  const files = [];
  for (const attested of signed) {
    const { stream, body } = attested;
    const passkey = passkeys.get(body.assertion.credentialId);
    if (!passkey) continue;
    known ??= folded(events);
    const jwk = { ...body.jwk, alg: algorithmsOf(body.jwk)[0], kid: body.kid, use: "sig" };
    const evidence = { attestation: await evidenceOf(attested, passkey, founding) };
    const stands = standing(attested, ends.get(keyReference(body.kid)), known.keys.get(body.kid));
    const name = `people/${stream}/${body.kid}`;
    files.push([`${name}.jwk.json`, canonical(jwk)]);
    files.push([`${name}.attestation.json`, canonical({ ...stands, ...evidence })]);
  }
  return files;
}

/** Return a person after their events; refuse events of which nobody is a person. */
function folded(events) {
  try {
    return events.reduce(evolvePerson, null);
  } catch (error) {
    if (isFinding(error)) throw error;
    return refuse("event_misplaced", "the events of a person do not follow on each other"); // nothing was decided yet
  }
}

/** Return the first event that ended each key, by its reference: a revocation, or a declared compromise. */
function endsOf(events) {
  const ends = new Map();
  for (const event of events) {
    for (const each of endedBy(event)) if (!ends.has(each)) ends.set(each, event);
  }
  return ends;
}

function endedBy({ type, body }) {
  if (type === TAG.KEY_REVOKED) return [keyReference(body.kid)];
  if (type === TAG.SERVICE_ACCOUNT_ENDED) return [keyReference(body.account)];
  if (type !== TAG.COMPROMISE_DECLARED && type !== TAG.COMPROMISE_SET) return [];
  return [body.compromised, ...body.also];
}

function standing({ stream, at, position, body }, ended, key) {
  return {
    kid: body.kid,
    user: stream,
    jwk: body.jwk,
    credentialId: body.assertion.credentialId,
    status: ended ? KEY_STATUS.REVOKED : KEY_STATUS.ACTIVE,
    attestedAt: at,
    position,
    revokedAt: ended?.at ?? null,
    revokedPosition: ended?.position ?? null,
    compromisedSince: key.compromisedSince,
    expiresAt: body.expiresAt,
    home: body.home ?? HOME.PROGRAM,
    ...(body.home === undefined ? { service: serviceOf(body) } : {}),
  };
}

/** Return what a service account does. */
const serviceOf = ({ acts, name, types, untyped }) => ({ acts, name, types, untyped });

async function evidenceOf({ stream, body }, passkey, { ledger, rpId, origin }) {
  const { kid, nonce, home, expiresAt, assertion, possession } = body;
  const about = { expiresAt, kid, ledger, nonce, user: stream };
  const challenge = await (home === undefined
    ? serviceChallenge({ ...about, service: serviceOf(body) })
    : attestationChallenge({ ...about, home }));
  return {
    nonce,
    ledger,
    challenge: toBase64Url(challenge),
    rpId,
    origin,
    assertion,
    possession,
    passkeyPublicKey: passkey.publicKey,
    passkeyAlgorithm: passkey.algorithm,
  };
}
