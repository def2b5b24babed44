// Forges a bundle on request: changes it and recomputes everything public about the change, so that
// the checks after the checksums have to notice.

import { bytesOf, hex, sha256, sha256Hex } from "../static/js/lib/digest.js";
import { jcs } from "../static/js/lib/jcs.js";
import { WIDTH } from "../static/js/lib/tree.js";
import { utf8 } from "./encoding.js";
import { packBodies, packsOf, readPacks } from "./verify/body_packs.js";
import { MANIFEST, MODE, parseContainer, writeContainer } from "./verify/container.js";

const parse = (raw) => JSON.parse(utf8(raw));

/** Return the files with a manifest that fits them. */
async function sealed(files) {
  const manifest = parse(files.get(MANIFEST));
  manifest.files = {};
  for (const [name, raw] of files) {
    if (name !== MANIFEST) manifest.files[name] = await sha256Hex(raw);
  }
  return writeContainer(new Map([...files, [MANIFEST, bytesOf(jcs(manifest))]]));
}

/** Return the names of the packs of bodies that a bundle has, each with its number and width. */
function packsIn(files) {
  const { checkpoint, mode } = parse(files.get(MANIFEST));
  return mode === MODE.FULL ? packsOf(checkpoint.size) : [];
}

/** Put each body into a file of its own, as the smaller bundles have it. */
function unpackBodies(files) {
  const packs = packsIn(files);
  if (!packs.length) return;
  const bodies = readPacks(files, parse(files.get(MANIFEST)).checkpoint.size);
  for (const [index, body] of bodies) files.set(`bodies/${index}`, body);
  for (const [name] of packs) files.delete(name);
}

function repackBodies(files) {
  for (const [pack, n, width] of packsIn(files)) {
    const names = Array.from({ length: width }, (_, at) => `bodies/${n * WIDTH + at}`);
    files.set(pack, packBodies(names.map((name) => files.get(name) ?? new Uint8Array())));
    for (const name of names) files.delete(name);
  }
}

/** Return the text with its last digit replaced by another one. */
function otherDigit(text) {
  return text.replace(/[0-9](?=[^0-9]*$)/, (digit) => String((Number(digit) + 1) % 10));
}

/** Return the draft of the first statement: its index, salt and body. */
function draftOf(files) {
  const [id] = parse(files.get(MANIFEST)).statements;
  for (const [name, raw] of files) {
    if (!name.startsWith("bodies/")) continue;
    const body = parse(raw.subarray(32));
    if (body.document && JSON.parse(body.document).statementId === id) {
      return { id, index: name.slice(7), salt: raw.subarray(0, 32), body };
    }
  }
  throw new Error("no draft in this bundle");
}

/** Change one digit of the statement, wherever a file shows it, and in its entry if asked. */
async function changeDigit(files, { entryToo }) {
  const { id, index, salt, body } = draftOf(files);
  const document = JSON.parse(body.document);
  const changed = otherDigit(document.content);
  const forged = body.document.replace(JSON.stringify(document.content), JSON.stringify(changed));
  const raw = bytesOf(JSON.stringify({ ...body, document: forged }));
  const salted = new Uint8Array([...salt, ...raw]);
  files.set(`bodies/${index}`, salted);
  files.set(`statements/${id}/document.json`, bytesOf(forged));
  files.delete(`statements/${id}/jws.json`);
  const entry = files.get(`entries/${index}`);
  if (entryToo && entry) {
    const commitment = `"body":{"sha256":"${hex(await sha256(salted))}"}`;
    files.set(`entries/${index}`, bytesOf(utf8(entry).replace(/"body":\{[^}]*\}/, commitment)));
  }
}

/** Replace one character in the signature of the first approval. */
async function forgeSignature(files) {
  const name = [...files.keys()].find((each) => /statement-signed\.jws$/.test(each));
  const [id] = parse(files.get(MANIFEST)).statements;
  const jws = utf8(files.get(name));
  const at = jws.lastIndexOf(".") + 5;
  const forged = jws.slice(0, at) + (jws[at] === "A" ? "B" : "A") + jws.slice(at + 1);
  const index = Number(/([0-9]+)-statement-signed/.exec(name)[1]) - 1;
  const salted = bytesOf(utf8(files.get(`bodies/${index}`).subarray(32)).replace(jws, forged));
  const body = new Uint8Array([...files.get(`bodies/${index}`).subarray(0, 32), ...salted]);
  files.set(name, bytesOf(forged));
  files.set(`bodies/${index}`, body);
  const general = `statements/${id}/jws.json`;
  const signature = (text) => text.slice(text.lastIndexOf(".") + 1);
  if (files.has(general)) {
    files.set(general, bytesOf(utf8(files.get(general)).replace(signature(jws), signature(forged))));
  }
  const entry = files.get(`entries/${index}`);
  if (entry) {
    const commitment = `"body":{"sha256":"${hex(await sha256(body))}"}`;
    files.set(`entries/${index}`, bytesOf(utf8(entry).replace(/"body":\{[^}]*\}/, commitment)));
  }
}

/** The forgeries on offer: the name of its texts, and the function that forges. */
export const FORGERIES = [
  ["digit", (files) => changeDigit(files, { entryToo: false })],
  ["entry", (files) => changeDigit(files, { entryToo: true })],
  ["signature", forgeSignature],
];

/** Return the bytes of a forged bundle, with a manifest that fits. */
export async function tamper(bytes, forge) {
  const files = new Map(parseContainer(bytes));
  unpackBodies(files);
  await forge(files);
  repackBodies(files);
  return sealed(files);
}
