// The offline verifier: takes a file, verifies it here, shows the report. It asks nobody anything.

import { el, one } from "../static/js/lib/dom.js";
import { sha256Hex } from "../static/js/lib/digest.js";
import { decode } from "../static/js/lib/b64u.js";
import { CHECKS } from "./checks.js";
import { Refusal } from "./fault.js";
import { verifyBundle } from "./report.js";
import { FORGERIES, tamper } from "./tamper.js";
import { announcement, showReport } from "./view.js";

const MAX_BYTES = 2 ** 30;
const PAUSE_MS = 24;
// The file that is open, as it was given; and which run is the newest, so that an older one ends.
let given = null;
let runs = 0;

const place = (id) => document.getElementById(id);
const say = (text) => {
  place("status").textContent = text;
};

function problem(text) {
  place("problem").replaceChildren(...(text ? [el("p", { class: "notice rejected" }, text)] : []));
}

/** Return a function to await often: it lets the page live, and shows how far the checks are. */
function breathing(run) {
  let last = performance.now();
  let done = -1;
  return async (name) => {
    if (name) {
      done = CHECKS.findIndex(([each]) => each === name);
      place("progress").value = done;
      place("step").textContent = `${done + 1} of ${CHECKS.length}`;
    }
    if (performance.now() - last < PAUSE_MS) return;
    await new Promise((resume) => setTimeout(resume));
    if (run !== runs) throw new Superseded();
    last = performance.now();
  };
}

class Superseded extends Error {}

/** Verify bytes and show the report; `forged` says what was changed in them, if anything was. */
async function check(bytes, { forged = "", focus = true } = {}) {
  const run = (runs += 1);
  problem("");
  place("working").hidden = false;
  place("result").hidden = true;
  delete place("result").dataset.verdict;
  const expectedKey = place("key").value.trim();
  try {
    const at = new Date();
    const sha256 = await sha256Hex(bytes);
    const options = { expectedKey, nowMs: at.getTime(), breathe: breathing(run) };
    const report = await verifyBundle(bytes, options);
    if (run !== runs) return;
    const about = { ...given, size: bytes.length, sha256, at: at.toISOString(), forged, expectedKey };
    show(report, about, focus);
  } catch (error) {
    if (error instanceof Superseded || run !== runs) return;
    problem(`The verifier itself failed: ${error.message}. Nothing is known about this file.`);
    throw error;
  } finally {
    if (run === runs) place("working").hidden = true;
  }
}

function show(report, about, focus) {
  const result = place("result");
  showReport(result, report, about);
  result.append(actions(report, about));
  result.hidden = false;
  result.dataset.verdict = report.verdict;
  result.report = report;
  if (focus) place("verdict").focus();
  say(announcement(report));
}

/** Return what can be done with a report: keep it, or try to cheat. */
function actions(report, { forged }) {
  const print = button("Print the report", () => window.print());
  const save = button("Save it as JSON", () => saveJson(report));
  const tries = FORGERIES.map(([label, told, forge]) => button(label, () => cheat(told, forge)));
  const back = forged ? [button("Check the real file again", () => check(given.bytes))] : [];
  return el(
    "section",
    { class: "no-print", "aria-labelledby": "cheat-title" },
    el("p", { class: "row" }, print, save),
    el("h3", { id: "cheat-title" }, "Try to cheat it"),
    el("p", {}, "Forge this bundle here, with a manifest that fits, and see which check notices."),
    el("p", { class: "row" }, ...tries, ...back),
  );
}

function button(label, act) {
  const made = el("button", { type: "button", class: "button" }, label);
  made.addEventListener("click", act);
  return made;
}

async function cheat(told, forge) {
  try {
    await check(await tamper(given.bytes, forge), { forged: told });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    problem("This file cannot be read, so there is nothing in it to forge.");
  }
}

/** Hand the report out as a file; it comes from memory, not from the network. */
function saveJson(report) {
  const checks = report.checks.map(({ inputs, ...kept }) => kept);
  const statements = report.statements.map(({ id, title, status, approvers, decisions }) => ({
    id,
    title,
    status,
    approvers,
    decisions,
  }));
  const text = JSON.stringify({ ...report, checks, statements }, null, 2);
  const link = el("a", {
    href: URL.createObjectURL(new Blob([text], { type: "application/json" })),
    download: "verification-report.json",
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function open(file) {
  if (!file) return;
  if (file.size > MAX_BYTES) {
    problem("This file is larger than 1 GiB: no bundle is.");
    return;
  }
  if (place("key").value.trim() === sampleKey()) place("key").value = "";
  try {
    given = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch {
    problem("This file cannot be read.");
    return;
  }
  await check(given.bytes);
}

const sampleKey = () => place("sample-key").textContent.trim();

async function sample(isGood) {
  const packed = decode(place("sample").textContent.trim());
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  given = { name: "sample.zip", bytes };
  place("key").value = sampleKey();
  const [, told, forge] = FORGERIES[0];
  if (isGood) await check(bytes);
  else await cheat(told, forge);
}

/** Ask for something on the network, and show that the browser refuses. */
async function prove() {
  let refused = "";
  const notice = ({ violatedDirective }) => {
    refused = violatedDirective;
  };
  document.addEventListener("securitypolicyviolation", notice, { once: true });
  try {
    await fetch("https://ledger.invalid/");
    place("proved").textContent = "The network answered: do not use this copy of the page.";
  } catch {
    await new Promise((resume) => setTimeout(resume));
    const why = refused ? `its policy says ${refused} 'none'` : "there is no way out";
    place("proved").textContent = `This page just asked for an address, and the browser refused: ${why}.`;
  }
}

function start() {
  const drop = place("drop");
  const over = (is) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", is);
  };
  // Anywhere on the page: a file that misses the zone must not replace the page.
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
  place("key").addEventListener("change", () => given && check(given.bytes, { focus: false }));
  place("good").addEventListener("click", () => sample(true));
  place("bad").addEventListener("click", () => sample(false));
  place("prove").addEventListener("click", prove);
  one("#choose").dataset.ready = "";
}

start();
