// A report as a page: the verdict first, then every check, then what was approved and by whom.

import { contentView, seen } from "../static/js/elements/content-view.js";
import { grouped, seal } from "../static/js/elements/seal.js";
import { el, icon } from "../static/js/lib/dom.js";
import { moment, policySentence } from "../static/js/lib/policy.js";
import { parse } from "../static/js/lib/strict-json.js";

const MOST_INPUTS = 200;
const MOST_CHARS = 400;
const TITLES = {
  readable: "The file is whole",
  content: "The content is what was recorded",
  signatures: "Every signature is genuine",
  attestations: "A passkey vouches for every key",
  keys: "Every key was in force",
  policy: "Every decision follows the rules",
  entries: "Every entry stands in the log",
  checkpoint: "The log’s keys signed for it",
  ledger: "It is the ledger that you expect",
};
const OUTCOMES = {
  passed: ["Passed", "check"],
  failed: ["Failed", "rejected"],
  skipped: ["Not made", "none"],
  unverifiable: ["Cannot be told", "warning"],
};
const TONES = { verified: "approved", consistent: "waiting", invalid: "rejected", unverifiable: "waiting" };
const ICONS = { verified: "approved", consistent: "warning", invalid: "rejected", unverifiable: "warning" };



// What a check says may repeat names from the file: no more of them than a line or two.
const told = (text) => seen(text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text);

const titled = (word) => `${word[0].toUpperCase()}${word.slice(1)}`;

/** Return what the report comes to: `[title, sentence]`. */
export function verdictWords({ verdict, checks, statements }) {
  const said = (outcome) => {
    const number = checks.findIndex((check) => check.outcome === outcome) + 1;
    const { says, position } = checks[number - 1];
    const where = position === null ? "" : ` at position ${position}`;
    return `Check ${number}${where}: ${says}`;
  };
  switch (verdict) {
    case "verified":
      return ["Verified", `All nine checks passed, and the log is the one that you expect.${outcomeOf(statements)}`];
    case "consistent":
      return [
        "Consistent, but I do not know this ledger",
        "Everything fits together. Whether it is the ledger that you mean, nothing in the file can say: give the log key that you expect.",
      ];
    case "invalid":
      return ["Failed: do not rely on this file", said("failed")];
    default:
      return ["Cannot be verified here", said("unverifiable")];
  }
}

/** Say what is not to be missed behind a green verdict: it is about the evidence. */
function outcomeOf(statements) {
  const open = statements.filter(({ status }) => status !== "approved");
  if (!open.length) return "";
  if (open.length === statements.length) return " It does not show an approval.";
  return ` ${open.length} of the ${statements.length} statements in it ${open.length === 1 ? "is" : "are"} not approved.`;
}

/** Return one sentence for those who listen: how many checks came to what. */
export function announcement(report) {
  const { checks } = report;
  const count = (outcome) => checks.filter((check) => check.outcome === outcome).length;
  const parts = [`${count("passed")} of ${checks.length} checks passed`];
  if (count("failed")) parts.push(`${count("failed")} failed`);
  if (count("unverifiable")) parts.push(`${count("unverifiable")} cannot be told`);
  if (count("skipped")) parts.push(`${count("skipped")} not made`);
  return `Verification finished: ${verdictWords(report)[0]}. ${parts.join(", ")}.`;
}

/** Fill an element with a report; `about` says which file was read, when, and what is forged. */
export function showReport(place, report, about) {
  const [title, text] = verdictWords(report);
  const verdict = el(
    "section",
    { class: `verdict ${TONES[report.verdict]}` },
    icon(ICONS[report.verdict]),
    el("h2", { id: "verdict", tabindex: "-1" }, title),
    el("p", {}, ...told(text)),
  );
  place.replaceChildren(
    el("h1", { class: "print-only" }, "Verification report"),
    verdict,
    facts(report, about),
    section("checks-title", "The nine checks", el("ol", { class: "checks" }, ...report.checks.map(check))),
    ...(report.statements.length ? [statements(report.statements)] : []),
    ...proved(report),
    limits(report),
  );
}

function section(id, title, ...children) {
  return el("section", { "aria-labelledby": id }, el("h3", { id }, title), ...children);
}

function list(pairs) {
  const rows = pairs.map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, ...(Array.isArray(value) ? value : seen(value)))),
  );
  return el("dl", { class: "facts" }, ...rows);
}

function facts({ ledger, size, mode, root }, { name, size: bytes, sha256, at, forged, expected }) {
  const pairs = [
    ["File", [...seen(name), ` (${bytes.toLocaleString("en")} bytes)`]],
    ["Its SHA-256", [el("code", {}, sha256)]],
    ["Checked", moment(at)],
    ["Expected key", expected.length ? expected.map((key) => el("code", {}, key)) : "none given"],
  ];
  if (forged) pairs.unshift(["Forged here", forged]);
  if (ledger) {
    const kind = { statement: "these statements", redacted: "the whole log, some bodies", full: "the whole log" };
    pairs.push(["Ledger", [el("code", {}, ...seen(ledger))]], ["Shows", `${kind[mode]}, as of ${size} entries`]);
    pairs.push(["Root of the log", [el("code", {}, root)]]);
  }
  return list(pairs);
}

function check({ name, outcome, says, code, position, inputs }, at) {
  const [word, symbol] = OUTCOMES[outcome];
  const details = [];
  if (code) details.push(["Code", [el("code", {}, code)]]);
  if (position !== null) details.push(["Position", String(position)]);
  details.push(...inputs);
  return el(
    "li",
    { class: outcome, "data-check": name },
    el("span", { class: "number", "aria-hidden": "true" }, String(at + 1)),
    el("h4", {}, TITLES[name]),
    el("span", { class: "outcome" }, symbol === "none" ? "– " : icon(symbol), word),
    el("p", {}, ...told(says)),
    ...(details.length ? [inputsOf(details, at + 1, outcome === "failed")] : []),
  );
}

function inputsOf(details, number, isOpen) {
  const name = `What went into check ${number}`;
  const more = details.length - MOST_INPUTS;
  const rest = more > 0 ? [["…", `and ${more} more`]] : [];
  const inputs = list([...details.slice(0, MOST_INPUTS), ...rest]);
  const region = el("div", { class: "inputs", tabindex: "0", role: "group", "aria-label": name }, inputs);
  const shown = disclosure("What went in", `, check ${number}`, region);
  shown.open = isOpen;
  return shown;
}

function disclosure(title, hidden, ...children) {
  const summary = el("summary", {}, title, el("span", { class: "visually-hidden" }, hidden));
  return el("details", {}, summary, ...children);
}

function statements(items) {
  const title = items.length === 1 ? "The statement" : "The statements";
  return section("statements-title", title, ...items.map(statement));
}

function statement(shown) {
  const { title, status, decisions, sha256, policy, document, approvers, names, creator, draftedAt } = shown;
  const { content } = JSON.parse(document);
  const badge = el("span", { class: `badge ${status}` }, icon(status), titled(status));
  const approved = ["Nobody", "1 person"][approvers.length] ?? `${approvers.length} people`;
  const digest = el("div", { class: "digest-row" }, el("div", { class: "seal" }, seal(sha256)), el("code", { class: "digest" }, ...grouped(sha256)));
  return el(
    "div",
    { class: "statement" },
    el("div", { class: "head" }, el("h4", {}, ...seen(title)), badge),
    el("p", {}, ...seen(`${approved} approved. ${policySentence(policy, names)}`)),
    el("p", { class: "muted small" }, "Drafted by ", ...seen(creator.name), `, ${moment(draftedAt)}, by the ledger’s clock.`),
    el("div", { class: "content" }, contentView(parse(content))),
    digest,
    decisions.length ? table(decisions) : el("p", { class: "muted" }, "Nobody has decided yet."),
    disclosure("The exact bytes that were signed", `, of ${title}`, el("pre", { class: "bytes", tabindex: "0", "aria-label": "The document" }, ...seen(document))),
  );
}

function table(decisions) {
  const head = ["Who", "Decision", "When (the ledger’s clock)", "Position"].map((name) =>
    el("th", { scope: "col" }, name),
  );
  const rows = decisions.map(({ position, at, name, decision }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, ...seen(name)),
      el("td", {}, titled(decision)),
      el("td", {}, el("time", { datetime: at }, at.replace("T", " ").replace(/\.[0-9]*Z/, " UTC"))),
      el("td", { "data-label": "Position" }, String(position)),
    ),
  );
  const caption = el("caption", { class: "visually-hidden" }, "Decisions");
  return el("table", {}, caption, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}

/** Return what a report proves, if it proves anything. */
function proved({ verdict }) {
  if (!["verified", "consistent"].includes(verdict)) return [];
  const whose = verdict === "verified" ? "the log" : "the log of whichever ledger this is";
  const text =
    "These people’s keys, each attested by a passkey, signed these very bytes. By the policy in " +
    `them the statement stood as shown, and ${whose} was committed to all of it when its checkpoint was signed.`;
  return [section("proves-title", "What this proves", el("p", {}, text))];
}

function limits({ doesNotProve, notLookedAt }) {
  const left = notLookedAt.map((name) => `This page does not look at ${name}; “ledger verify” does.`);
  const items = [...doesNotProve, ...left].map((each) => el("li", {}, each));
  return section("limits-title", "What this does not prove", el("ul", { "data-limits": "" }, ...items));
}
