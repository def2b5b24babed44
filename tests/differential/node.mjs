// Reads {kind, inputs} a line, writes the verdicts a line.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { verdicts } from "./verdicts.js";

const web = new URL("../../web/", import.meta.url);
const load = (path) => import(new URL(`verify/${path}.js`, web));

// The modules take their language and texts from the page that they are in.
const textContent = readFileSync(new URL("locale/en.json", web), "utf-8");
globalThis.document = { documentElement: { lang: "en" }, getElementById: () => ({ textContent }) };

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, inputs } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await verdicts(load, kind, inputs))}\n`);
}
