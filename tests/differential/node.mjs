// Reads {kind, inputs} a line, writes the verdicts a line.
import { createInterface } from "node:readline";
import { verdicts } from "./verdicts.js";

const load = (path) => import(new URL(`../../web/verify/${path}.js`, import.meta.url));

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, inputs } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await verdicts(load, kind, inputs))}\n`);
}
