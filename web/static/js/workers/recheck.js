// A worker that re-checks the public log: every entry is fetched and hashed, and the root of the tree
// over all of them must be the one that the newest checkpoint signs. It does not decide whether the
// events are right: `ledger audit` does.

import { bytesOf } from "../lib/digest.js";
import { entriesIn, leafHash, rootOf, tilePath, WIDTH } from "../lib/tree.js";

const AT_ONCE = 4;
const ID_BYTES = 4;
const ED25519 = 1;

class Found extends Error {}

/** Something that is not as it must be; `position` is that of the first wrong entry, if it is known. */
const wrong = (code, position = null) => {
  throw Object.assign(new Found(code), { position });
};

const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** Return an answer's bytes; wait where the server asks for it. */
async function bytes(path) {
  for (;;) {
    const answer = await fetch(path);
    if (answer.status !== 429 && answer.status !== 503) {
      return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : wrong("unreachable");
    }
    const waits = Number(answer.headers.get("Retry-After")) || 1;
    await new Promise((resolve) => setTimeout(resolve, waits * 1000));
  }
}

/** Return the newest checkpoint: size, root, the text that is signed, and the signature lines. */
async function checkpoint() {
  const note = new TextDecoder().decode(await bytes("/log/checkpoint"));
  const cut = note.lastIndexOf("\n\n");
  const [, size, root] = note.split("\n");
  const lines = note.slice(cut + 2).split("\n").filter(Boolean);
  return { size: Number(size), root: fromBase64(root), text: note.slice(0, cut + 1), lines };
}

/** Refuse the checkpoint unless an Ed25519 key that the ledger announces signed it. */
async function requireSigned({ text, lines }) {
  const { logKeys } = JSON.parse(new TextDecoder().decode(await bytes("/.well-known/ledger-keys")));
  for (const { vkey } of logKeys) {
    const [name, , key] = /^([^+]*)\+([^+]*)\+(.*)$/.exec(vkey).slice(1);
    const raw = fromBase64(key);
    const line = lines.find((each) => each.startsWith(`— ${name} `));
    if (raw[0] !== ED25519 || !line) continue;
    const known = await crypto.subtle.importKey("raw", raw.subarray(1), "Ed25519", false, ["verify"]);
    for (const each of lines.filter((other) => other.startsWith(`— ${name} `))) {
      const signature = fromBase64(each.split(" ")[2]).subarray(ID_BYTES);
      if (await crypto.subtle.verify("Ed25519", known, signature, bytesOf(text))) return;
    }
  }
  wrong("unsigned");
}

const widthOf = (n, size) => Math.min(WIDTH, size - n * WIDTH);

/** Return the leaf hashes of one file of entries. */
async function leavesOf(n, size) {
  const width = widthOf(n, size);
  const entries = entriesIn(await bytes(`/log/tile/entries/${tilePath(n, width)}`));
  if (entries?.length !== width) wrong("entries", n * WIDTH + 1);
  return Promise.all(entries.map(leafHash));
}

/** Call `take(n, leaves)` for each file of entries, in order; some are fetched ahead. */
async function eachTile(size, take) {
  const count = Math.ceil(size / WIDTH);
  const ahead = [];
  for (let n = 0; n < count; n += 1) {
    while (ahead.length < AT_ONCE && n + ahead.length < count) ahead.push(leavesOf(n + ahead.length, size));
    await take(n, await ahead.shift());
  }
}

/** Refuse the log with the position of the first entry that is not the one in the tree. */
async function findWrong(size) {
  await eachTile(size, async (n, leaves) => {
    const tile = await bytes(`/log/tile/0/${tilePath(n, leaves.length)}`);
    const at = leaves.findIndex((leaf, index) => !equal(leaf, tile.subarray(index * 32, index * 32 + 32)));
    if (at >= 0) wrong("entry", n * WIDTH + at + 1);
  });
  wrong("root");
}

async function recheck() {
  const signed = await checkpoint();
  const roots = [];
  await eachTile(signed.size, async (n, leaves) => {
    roots.push(await rootOf(leaves));
    postMessage({ done: n * WIDTH + leaves.length, size: signed.size });
  });
  // The roots of full tiles are the level above; the last one may be that of a part.
  if (!equal(await rootOf(roots), signed.root)) await findWrong(signed.size);
  await requireSigned(signed);
  postMessage({ verified: true, size: signed.size });
}

recheck().catch((error) => {
  if (!(error instanceof Found)) console.error(error);
  const code = error instanceof Found ? error.message : "failed";
  postMessage({ code, position: error.position ?? null });
});
