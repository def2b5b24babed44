// The offline page's modules as a client of the conformance suite, in Node.js 20.6 or newer:
//
//   python3 run.py node javascript.mjs
//
// Node takes a file without a package.json as CommonJS, so a hook says that they are modules.
import { readFile } from "node:fs/promises";
import { register } from "node:module";

const HOOK = `export const load = (url, context, next) =>
  next(url, url.endsWith(".js") ? { ...context, format: "module" } : context);`;
register(`data:text/javascript,${encodeURIComponent(HOOK)}`);

// The modules take their language and texts from their page.
const texts = await readFile(new URL("../../../web/locale/en.json", import.meta.url), "utf8");
globalThis.document = { documentElement: { lang: "en" }, getElementById: () => ({ textContent: texts }) };

const load = (path) => import(new URL(`../../../web/verify/${path}.js`, import.meta.url));
const { parseExpected } = await load("tlog/vkeys");
const { verifyBundle } = await load("verify/bundle");

const [bundle, ...rest] = process.argv.slice(2);
const keys = rest.filter((_, at) => rest[at - 1] === "--log-key");
const expected = await parseExpected(keys.join("\n"));
const bytes = new Uint8Array(await readFile(bundle));
const report = await verifyBundle(bytes, { expected, nowMs: Date.now() });
process.stdout.write(`${JSON.stringify(report)}\n`);
