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
import { refuse } from "../errors.js";
import { general } from "../jose/compact.js";
import { algorithmsOf } from "../jose/keys.js";

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
  for (const id of statements) {
    const mine = events.filter(({ stream }) => stream === id);
    for (const [name, text] of ofStatement(mine)) files.set(`statements/${id}/${name}`, text);
    for (const { type, body } of mine) {
      signers.add(streamOf(type) === STREAM_OF.STATEMENT ? (body.kid ?? "") : "");
    }
  }
  for (const [name, text] of await ofPeople(events, signers)) files.set(name, text);
  return new Map([...files].map(([name, text]) => [name, bytesOf(text)]));
}

function vkeys(events) {
  const announcing = [TAG.LOG_KEYS_ANNOUNCED, TAG.LEDGER_RESTORED];
  const announced = events.filter(({ type }) => announcing.includes(type));
  return announced.flatMap(({ body }) => body.vkeys.map((vkey) => `${vkey}\n`)).join("");
}

function ofStatement(events) {
  const files = [];
  let shared = []; // the signer and the JWS
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
      shared.push([body.signer, jws]);
    }
    if (type === TAG.APPROVAL_RETRACTED) shared = shared.filter(([signer]) => signer !== body.signer);
    // Nobody signs an effect of a change.
    if (jws) files.push([`${position}-${type.replace(/\.[^.]*$/, "")}.jws`, jws]);
  }
  if (shared.length) files.push(["jws.json", general(shared.map(([, jws]) => jws))]);
  return files;
}

async function ofPeople(events, signers) {
  const founding = events.find(({ type }) => type === TAG.LEDGER_CREATED)?.body;
  const files = [];
  for (const attested of events) {
    const { stream, body } = attested;
    if (!addsKey(attested) || !signers.has(body.kid) || !founding) continue;
    const mine = events.filter((event) => event.stream === stream);
    const first = (kind, name, value) => mine.find((each) => each.type === kind && each.body[name] === value);
    const passkey = first(TAG.PASSKEY_ADDED, "credentialId", body.assertion.credentialId);
    if (!passkey) continue;
    const ended = mine.find((event) => endsKey(event, body.kid));
    const key = mine.reduce(evolvePerson, null).keys.get(body.kid);
    const jwk = { ...body.jwk, alg: algorithmsOf(body.jwk)[0], kid: body.kid, use: "sig" };
    const evidence = { attestation: await evidenceOf(attested, passkey.body, founding) };
    const name = `people/${stream}/${body.kid}`;
    files.push([`${name}.jwk.json`, canonical(jwk)]);
    files.push([`${name}.attestation.json`, canonical({ ...standing(attested, ended, key), ...evidence })]);
  }
  return files;
}

/** Tell whether an event ended a key: its revocation, or the declaration of a compromise. */
function endsKey({ type, body }, kid) {
  if (type === TAG.KEY_REVOKED) return body.kid === kid;
  if (type === TAG.SERVICE_ACCOUNT_ENDED) return body.account === kid;
  if (type !== TAG.COMPROMISE_DECLARED && type !== TAG.COMPROMISE_SET) return false;
  return [body.compromised, ...body.also].includes(keyReference(kid));
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
