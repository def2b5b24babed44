// The offline verifier: reads a file, verifies it here, and shows the report. It sends no request.

import { all, el } from "../static/js/lib/dom.js";
import { bytesOf, sha256Hex } from "../static/js/lib/digest.js";
import { decode } from "../static/js/lib/b64u.js";
import { text } from "../static/js/lib/texts.js";
import { isFinding } from "./errors.js";
import { preferred, speak, speaking } from "./spoken.js";
import { FORGERIES, tamper } from "./tamper.js";
import { parseExpected } from "./tlog/vkeys.js";
import { parsePolicy } from "./tlog/witness_policy.js";
import { sentence, verifyBundle } from "./verify/bundle.js";
import { inputsOf, layered } from "./verify/layered_report.js";
import { CHECK, CHECKS, contract } from "./verify/report.js";
import { announcement, showReport, verdictWords } from "./view.js";

const MAX_BYTES = 2 ** 30;
const PAUSE_MS = 24;
// The open file, and the number of the newest run: an older run ends when it notices.
let given = null;
let runs = 0;
let shown = null; // the report on the page, and what it is about
// Whether the key in the field came with a sample; it is removed when another file is opened.
let isSampleKey = false;

const place = (id) => document.getElementById(id);
const said = (key, values) => speaking(() => text(key, values));

// By place: what the page says there by itself, as a function, so that it can say it in another language.
const notices = new Map();

function notice(id, tell) {
  notices.set(id, tell);
  place(id).replaceChildren(...speaking(tell));
}

const say = (tell) => notice("status", () => [tell()]);
const noProblem = () => notice("problem", () => []);
const problem = (key, values) => notice("problem", () => [el("p", { class: "notice rejected" }, text(key, values))]);

/** Return a function to await often: it lets the page respond, and shows the progress. */
function breathing(run, { policy }) {
  const names = CHECKS.map(([name]) => name).filter((name) => policy || name !== CHECK.WITNESSES);
  let last = performance.now();
  let done = -1;
  return async (name) => {
    if (name) {
      done = names.indexOf(name);
      place("progress").value = done;
      const values = { n: done + 1, most: names.length };
      notice("step", () => [text("verify.step", values)]);
    }
    if (performance.now() - last < PAUSE_MS) return;
    await new Promise((resume) => setTimeout(resume));
    if (run !== runs) throw new Superseded();
    last = performance.now();
  };
}

class Superseded extends Error {}

/** Return what `parse` makes of a field; undefined, with an error at the field, if that is malformed. */
async function read(id, parse) {
  const field = place(id);
  let wrong = null;
  let found;
  try {
    found = await parse(field.value);
  } catch (error) {
    if (!isFinding(error)) throw error;
    wrong = sentence(error.message);
  }
  const tell = () => (wrong ? [`${text(`verify.wrong.${id}`)} `, el("span", { lang: "en" }, wrong)] : []);
  notice(`${id}-error`, tell);
  field.setAttribute("aria-invalid", String(wrong !== null));
  if (wrong) notice("status", tell);
  return found;
}

/** Return the keys and the witnesses that the user trusts; null if one of them is malformed. */
async function trusted() {
  const expected = await read("key", parseExpected);
  const policy = await read("policy", (typed) => (typed.trim() ? parsePolicy(bytesOf(typed)) : null));
  return expected === undefined || policy === undefined ? null : { expected, policy };
}

/** Verify bytes and show the report; `forged` says what was forged in them. */
async function check(bytes, { forged = "", focus = true } = {}) {
  const run = (runs += 1);
  noProblem();
  place("working").hidden = true;
  const trust = await trusted();
  if (!trust || run !== runs) return;
  clear();
  place("working").hidden = false;
  try {
    const at = new Date();
    const sha256 = await sha256Hex(bytes);
    const options = { ...trust, nowMs: at.getTime(), breathe: breathing(run, trust) };
    const report = await verifyBundle(bytes, options);
    if (run !== runs) return;
    const about = { ...given, checked: bytes, size: bytes.length, sha256, at: at.toISOString(), forged, ...trust, policyText: place("policy").value };
    shown = [report, about];
    show(report, about);
    if (focus) place("verdict").focus();
    say(() => announcement(report));
  } catch (error) {
    if (error instanceof Superseded || run !== runs) return;
    problem("verify.broken", { why: error.message });
    throw error;
  } finally {
    if (run === runs) place("working").hidden = true;
  }
}

/** Show neither a report nor progress. */
function clear() {
  place("working").hidden = true;
  place("result").hidden = true;
  delete place("result").dataset.verdict;
  document.title = `${said("verify.title")} · Ledger`;
}

/** Close the open file: nothing of it stands beside what the page says of another. Return the number of this run. */
function closeFile() {
  runs += 1;
  given = null;
  noProblem();
  clear();
  return runs;
}

function show(report, about) {
  const result = place("result");
  speaking(() => {
    showReport(result, report, about);
    result.append(actions(report, about));
    document.title = `${verdictWords(report)[0]} · ${about.name} · Ledger`;
  });
  result.hidden = false;
  result.dataset.verdict = report.verdict;
  result.report = report;
}

/** Return the controls of a report: print it, save it, forge the bundle. */
function actions(report, about) {
  const { forged } = about;
  const print = button("verify.print", () => window.print());
  const save = button("verify.save", () => saveJson(contract(report), "verification-report"));
  const layers = button("verify.save-all", async () =>
    saveJson(layered(report, await inputsOf(about.checked, about)), "layered-report"),
  );
  const tries = FORGERIES.map(([name, forge]) => button(`verify.forge.${name}`, () => cheat(name, forge)));
  const back = forged ? [button("verify.real", () => check(given.bytes))] : [];
  return el(
    "section",
    { class: "no-print", "aria-labelledby": "cheat-title" },
    el("p", { class: "row" }, print, save, layers),
    el("h3", { id: "cheat-title" }, text("verify.cheat")),
    el("p", {}, text("verify.cheat.lead")),
    el("p", { class: "row" }, ...tries, ...back),
  );
}

function button(key, act) {
  const made = el("button", { type: "button", class: "button" }, text(key));
  made.addEventListener("click", act);
  return made;
}

async function cheat(name, forge) {
  const real = given;
  try {
    const bytes = await tamper(real.bytes, forge);
    if (given === real) await check(bytes, { forged: `verify.forged.${name}` });
  } catch (error) {
    if (!isFinding(error)) throw error;
    problem("verify.no-forgery");
  }
}

/** Save the report as a file; its bytes come from memory, not from the network. */
function saveJson(report, name) {
  const json = JSON.stringify(report, null, 2);
  const link = el("a", {
    href: URL.createObjectURL(new Blob([json], { type: "application/json" })),
    download: `${name}.json`,
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function open(file) {
  if (!file) return;
  const run = closeFile();
  if (file.size > MAX_BYTES) {
    problem("verify.too-large");
    return;
  }
  if (isSampleKey) place("key").value = "";
  isSampleKey = false;
  const raw = await file.arrayBuffer().catch(() => null);
  if (run !== runs) return;
  if (!raw) {
    problem("verify.unreadable");
    return;
  }
  given = { name: file.name, bytes: new Uint8Array(raw) };
  await check(given.bytes);
}

async function sample(isGood) {
  const run = closeFile();
  const packed = decode(place("sample").textContent.trim());
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  if (run !== runs) return;
  given = { name: "sample.zip", bytes };
  place("key").value = place("sample-key").textContent.trim();
  isSampleKey = true;
  if (isGood) await check(bytes);
  else await cheat(...FORGERIES[0]);
}

/** Send a request, and show that the browser refuses it. */
async function prove() {
  let found = "verify.answered";
  try {
    await fetch("https://ledger.invalid/");
  } catch {
    found = "verify.refused";
  }
  notice("proved", () => [text(found)]);
  say(() => text(found));
}

/** Speak another language, also in notices and in a report that is shown; an earlier one stays hidden. */
function change(tag) {
  speak(tag);
  for (const [id, tell] of notices) notice(id, tell);
  if (place("result").hidden) document.title = `${said("verify.title")} · Ledger`;
  else show(...shown);
}

function start() {
  speak(preferred());
  for (const each of all("[data-speak]")) each.addEventListener("click", () => change(each.dataset.speak));
  if (!globalThis.crypto?.subtle) {
    problem("verify.no-crypto");
    return;
  }
  const drop = place("drop");
  const over = (is) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", is);
  };
  // Listen on the whole page: a file dropped beside the zone must not replace the page.
  addEventListener("dragover", over(true));
  addEventListener("dragleave", over(false));
  addEventListener("drop", (event) => {
    over(false)(event);
    open(event.dataTransfer.files[0]);
  });
  addEventListener("paste", ({ clipboardData }) => open(clipboardData.files[0]));
  place("choose-file").addEventListener("click", () => place("file").click());
  place("file").addEventListener("change", ({ target }) => {
    open(target.files[0]);
    target.value = "";
  });
  for (const id of ["key", "policy"]) {
    place(id).addEventListener("change", () => {
      if (id === "key") isSampleKey = false;
      if (given) check(given.bytes, { focus: false });
    });
  }
  place("good").addEventListener("click", () => sample(true));
  place("bad").addEventListener("click", () => sample(false));
  place("prove").addEventListener("click", prove);
}

start();
