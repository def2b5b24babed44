// Signs with npm `jose` and `unjwt`, and lets both verify what ledger.jose signed.
//
//   node generate.mjs          write recorded.json
//   node generate.mjs --check  compare: deterministic signatures byte for byte, and every verdict
//
// ours.json is written by `python -m tests.vectors.node.ours`; recorded.json is read by pytest.
import { readFileSync, writeFileSync } from "node:fs";
import * as jose from "jose";
import * as unjwt from "unjwt";

const here = (name) => new URL(name, import.meta.url);
const ours = JSON.parse(readFileSync(here("ours.json")));
const payload = '{"amount":1000}';
const bytes = new TextEncoder().encode(payload);
// Their signatures are the same every time, so they can be compared.
const DETERMINISTIC = new Set(["EdDSA", "Ed25519", "RS256", "RS384", "RS512", "HS256", "HS384", "HS512"]);

const publicOf = ({ d, p, q, dp, dq, qi, ...rest }) => rest;

async function sign() {
  const recorded = {};
  const keys = ours.keys.filter(({ kty }) => kty !== "AKP");
  for (const jwk of keys) {
    const key = await jose.importJWK(jwk, jwk.alg);
    recorded[`jose-compact-${jwk.alg}`] = await new jose.CompactSign(bytes)
      .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid }).sign(key);
  }
  const general = new jose.GeneralSign(bytes);
  for (const jwk of keys) {
    general.addSignature(await jose.importJWK(jwk, jwk.alg))
      .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid }).setUnprotectedHeader({ role: "witness" });
  }
  recorded["jose-general"] = await general.sign();
  const ed = keys.find(({ alg }) => alg === "EdDSA");
  recorded["jose-flattened"] = await new jose.FlattenedSign(bytes)
    .setProtectedHeader({ alg: "EdDSA" }).setUnprotectedHeader({ kid: ed.kid }).sign(await jose.importJWK(ed));
  recorded["jose-b64-false"] = await new jose.FlattenedSign(bytes)
    .setProtectedHeader({ alg: "EdDSA", kid: ed.kid, b64: false, crit: ["b64"] }).sign(await jose.importJWK(ed));
  recorded["jose-jwt"] = await new jose.SignJWT({ sub: "u1" })
    .setProtectedHeader({ alg: "EdDSA", kid: ed.kid, typ: "JWT" }).setIssuedAt(1000).setExpirationTime(4600)
    .sign(await jose.importJWK(ed));

  const signers = keys.map((key) => ({ key, unprotectedHeader: { role: "witness" } }));
  recorded["unjwt-general"] = await unjwt.signMulti(bytes, signers);
  recorded["unjwt-object"] = await unjwt.signMulti(
    { sub: "u1" }, [{ key: ed }], { expiresIn: "1h", currentDate: new Date(1_000_000) });
  recorded["unjwt-flattened"] = unjwt.generalToFlattenedJWS(await unjwt.signMulti(bytes, [{ key: ed }]));
  recorded["unjwt-compact"] = await unjwt.sign({ sub: "u1" }, ed);
  return recorded;
}

// What each library says of each JWS that we made: one verdict for each key.
async function judge() {
  const verdicts = {};
  for (const [name, jws] of Object.entries(ours.jws)) {
    for (const jwk of ours.keys.filter(({ kty }) => kty !== "AKP")) {
      const key = publicOf(jwk);
      const algorithms = [jwk.alg];
      const by = {
        jose: async () => typeof jws === "string"
          ? jose.compactVerify(jws, await jose.importJWK(key, jwk.alg), { algorithms })
          : jose.generalVerify(jws, await jose.importJWK(key, jwk.alg), { algorithms }),
        unjwt: async () => typeof jws === "string"
          ? unjwt.verify(jws, key, { algorithms, validateClaims: false })
          : unjwt.verifyMulti(jws, key, { algorithms, validateClaims: false }),
      };
      for (const [library, verify] of Object.entries(by)) {
        const good = await verify().then(() => true, () => false);
        verdicts[`${name} ${jwk.alg} ${library}`] = good;
      }
    }
  }
  return verdicts;
}

// Every form of every key: which key each library reads in it, what it signs with the private form,
// whether the public forms verify what we signed, and the forms that it writes.
async function readForms() {
  const found = {};
  for (const [alg, { pkcs8, spki, x509 }] of Object.entries(ours.forms)) {
    const jwk = ours.keys.find((key) => key.alg === alg);
    const jws = ours.jws[`compact ${alg}`];
    const other = ours.jws[alg === "ES256" ? "compact ES384" : "compact ES256"];
    const holds = (verifying) => verifying.then(() => true, () => false);
    const keys = {
      spki: await jose.importSPKI(spki, alg, { extractable: true }),
      x509: await jose.importX509(x509, alg, { extractable: true }),
    };
    const priv = await jose.importPKCS8(pkcs8, alg, { extractable: true });
    const read = { pkcs8: priv, ...keys };
    const one = (found[`jose ${alg}`] = { kid: {}, verdicts: {} });
    for (const [form, key] of Object.entries(read)) {
      one.kid[form] = await jose.calculateJwkThumbprint(await jose.exportJWK(key));
    }
    for (const [form, key] of Object.entries(keys)) {
      one.verdicts[form] = await holds(jose.compactVerify(jws, key, { algorithms: [alg] }));
      one.verdicts[`${form} of another`] = await holds(jose.compactVerify(other, key));
    }
    one.signed = await new jose.CompactSign(bytes).setProtectedHeader({ alg }).sign(priv);
    const whole = await jose.importJWK(jwk, alg, { extractable: true });
    const half = await jose.importJWK(publicOf(jwk), alg, { extractable: true });
    one.written = { pkcs8: await jose.exportPKCS8(whole), spki: await jose.exportSPKI(half) };

    const two = (found[`unjwt ${alg}`] = { kid: {}, verdicts: {} });
    for (const [form, pem] of Object.entries({ pkcs8, spki, x509 })) {
      const key = await unjwt.importPEM(pem, alg);
      two.kid[form] = await jose.calculateJwkThumbprint(key);
      if (form === "pkcs8") {
        two.signed = await unjwt.sign({ sub: "u1" }, key);
        continue;
      }
      const options = { algorithms: [alg], validateClaims: false };
      two.verdicts[form] = await holds(unjwt.verify(jws, key, options));
      two.verdicts[`${form} of another`] = await holds(unjwt.verify(other, key, options));
    }
    two.written = { pkcs8: await unjwt.exportPEM(jwk), spki: await unjwt.exportPEM(publicOf(jwk)) };
  }
  return found;
}

// Leave out the signatures that differ each time.
function comparable(value) {
  if (typeof value === "string" && /^eyJ[\w-]+\.[\w-]*\.[\w-]+$/.test(value)) {
    const [protectedHeader, body, signature] = value.split(".");
    return comparable({ protected: protectedHeader, payload: body, signature });
  }
  if (Array.isArray(value)) return value.map(comparable);
  if (value === null || typeof value !== "object") return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, comparable(member)]));
  if (typeof value.protected === "string") {
    const { alg } = JSON.parse(Buffer.from(value.protected, "base64url"));
    if (!DETERMINISTIC.has(alg)) delete copy.signature;
  }
  return copy;
}

const made = { versions: JSON.parse(readFileSync(here("package.json"))).dependencies, payload, signed: await sign(), verdicts: await judge(), forms: await readForms() };
if (process.argv.includes("--check")) {
  const before = JSON.stringify(comparable(JSON.parse(readFileSync(here("recorded.json")))), null, 1);
  const now = JSON.stringify(comparable(made), null, 1);
  if (before !== now) {
    writeFileSync(here("now.json"), `${now}\n`);
    console.error("recorded.json is not what these libraries make: see now.json");
    process.exit(1);
  }
  console.log(`${Object.keys(made.signed).length} signed, ${Object.keys(made.verdicts).length} verdicts: as recorded`);
} else {
  writeFileSync(here("recorded.json"), `${JSON.stringify(made, null, 1)}\n`);
}
