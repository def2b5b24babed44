// What a bundle shows of its events as files of their own: made again from the bodies, and compared.

import { encode as toBase64Url } from "../static/js/lib/b64u.js";
import { bytesOf } from "../static/js/lib/digest.js";
import { isExhibit } from "./bundle.js";
import { equal } from "./bytes.js";
import { refuse } from "./fault.js";
import { algorithmsOf } from "./keys.js";
import { attestationChallenge } from "./passkey.js";
import { canonical } from "./shapes.js";

/** Refuse a bundle whose files of this kind are not exactly those that its events lead to. */
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
  const files = new Map([["keys/vkeys", vkeys(events)]]);
  const signers = new Set();
  for (const id of statements) {
    const mine = events.filter(({ stream }) => stream === id);
    for (const [name, text] of ofStatement(mine)) files.set(`statements/${id}/${name}`, text);
    for (const { body } of mine) signers.add(body.kid ?? "");
  }
  for (const [name, text] of await ofPeople(events, signers)) files.set(name, text);
  return new Map([...files].map(([name, text]) => [name, bytesOf(text)]));
}

function vkeys(events) {
  const announced = events.filter(({ type }) => type === "log-keys-announced.v1");
  return announced.flatMap(({ body }) => body.vkeys.map((vkey) => `${vkey}\n`)).join("");
}

function ofStatement(events) {
  const files = [];
  const shared = [];
  let payload = "";
  for (const { type, position, body } of events) {
    if (type === "statement-drafted.v1") {
      files.push(["document.json", body.document]);
      payload = toBase64Url(bytesOf(body.document));
    }
    const jws = body.jws || body.act || "";
    const middle = jws.split(".").slice(1, -1);
    if (type === "statement-signed.v1" && middle.length === 1 && middle[0] === payload) {
      shared.push(jws);
    }
    files.push([`${position}-${type.replace(/\.[^.]*$/, "")}.jws`, jws]);
  }
  if (shared.length) files.push(["jws.json", general(shared)]);
  return files;
}

/** Return one General JSON JWS (RFC 7515 section 7.2.1) of compact ones with one payload. */
function general(compacts) {
  const parts = compacts.map((compact) => compact.split("."));
  const signatures = parts.map(([header, , signature]) => ({ protected: header, signature }));
  return JSON.stringify({ payload: parts[0][1], signatures });
}

async function ofPeople(events, signers) {
  const founding = events.find(({ type }) => type === "ledger-created.v1")?.body;
  const files = [];
  for (const attested of events) {
    const { type, stream, body } = attested;
    if (type !== "key-attested.v1" || !signers.has(body.kid) || !founding) continue;
    const mine = events.filter((event) => event.stream === stream);
    const first = (kind, name, value) => mine.find((each) => each.type === kind && each.body[name] === value);
    const passkey = first("passkey-added.v1", "credentialId", body.assertion.credentialId);
    if (!passkey) continue;
    const revoked = first("key-revoked.v1", "kid", body.kid);
    const jwk = { ...body.jwk, alg: algorithmsOf(body.jwk)[0], kid: body.kid, use: "sig" };
    const evidence = { attestation: await evidenceOf(attested, passkey.body, founding) };
    const name = `people/${stream}/${body.kid}`;
    files.push([`${name}.jwk.json`, canonical(jwk)]);
    files.push([`${name}.attestation.json`, canonical({ ...standing(attested, revoked), ...evidence })]);
  }
  return files;
}

function standing({ stream, at, position, body }, revoked) {
  return {
    kid: body.kid,
    user: stream,
    jwk: body.jwk,
    credentialId: body.assertion.credentialId,
    status: revoked ? "revoked" : "active",
    attestedAt: at,
    position,
    revokedAt: revoked?.at ?? null,
    revokedPosition: revoked?.position ?? null,
    compromisedSince: revoked?.body.compromisedSince ?? null,
    expiresAt: body.expiresAt,
  };
}

async function evidenceOf({ stream, body }, passkey, { ledger, rpId, origin }) {
  const { kid, nonce, expiresAt, assertion, possession } = body;
  const challenge = await attestationChallenge({ kid, ledger, nonce, user: stream, expiresAt });
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
