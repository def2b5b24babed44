// The verdicts of the offline page's modules on many bundles in one process of Node.js:
//
//   node verdicts.mjs VKEY
//
// Each bundle comes on the standard input after its length in four bytes, big-endian; each verdict
// goes to the standard output as one line.
import { register } from "node:module";

const HOOK = `export const load = (url, context, next) =>
  next(url, url.endsWith(".js") ? { ...context, format: "module" } : context);`;
register(`data:text/javascript,${encodeURIComponent(HOOK)}`);

const load = (path) => import(new URL(`../../../web/verify/${path}.js`, import.meta.url));
const { parseExpected } = await load("tlog/vkeys");
const { verifyBundle } = await load("verify/bundle");

const expected = await parseExpected(process.argv[2]);
let held = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  held = Buffer.concat([held, chunk]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
    const end = 4 + held.readUInt32BE(0);
    const { verdict } = await verifyBundle(new Uint8Array(held.subarray(4, end)), { expected, nowMs: Date.now() });
    held = held.subarray(end);
    process.stdout.write(`${verdict}\n`);
  }
}
