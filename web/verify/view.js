// Shows a report: the verdict, then what was approved and by whom, then every check.

import { contentView, seen } from "../static/js/elements/content-view.js";
import { grouped, seal } from "../static/js/elements/seal.js";
import { el, icon } from "../static/js/lib/dom.js";
import { moment } from "../static/js/lib/policy.js";
import { quoted } from "../static/js/lib/quoted.js";
import { parse } from "../static/js/lib/strict-json.js";
import { FORM, OPERATOR, STANDING, STATUS } from "./domain/vocabulary.js";
import { MODE } from "./verify/container.js";
import { CHECK, OUTCOME, VERDICT } from "./verify/report.js";

const MOST_INPUTS = 200;
const MOST_CHARS = 400;
const TITLES = {
  [CHECK.READABLE]: "The file is whole",
  [CHECK.CONTENT]: "The content is what was recorded",
  [CHECK.SIGNATURES]: "Every signature is genuine",
  [CHECK.ATTESTATIONS]: "A passkey vouches for every key",
  [CHECK.KEYS]: "Every key was in force",
  [CHECK.POLICY]: "Every decision follows the rules",
  [CHECK.ENTRIES]: "Every entry stands in the log",
  [CHECK.CHECKPOINT]: "The log’s keys signed for it",
  [CHECK.LEDGER]: "It is the ledger that you expect",
  [CHECK.HEADS]: "No later event was left out",
  [CHECK.WITNESSES]: "The witnesses that you trust saw it",
};
const OUTCOMES = {
  [OUTCOME.PASSED]: ["Passed", "check"],
  [OUTCOME.FAILED]: ["Failed", "rejected"],
  [OUTCOME.SKIPPED]: ["Not made", "none"],
  [OUTCOME.UNVERIFIABLE]: ["Cannot be told", "warning"],
};
// By verdict: the tone of the notice, and its icon.
const LOOKS = {
  [VERDICT.VERIFIED]: ["approved", "approved"],
  [VERDICT.CONSISTENT]: ["waiting", "warning"],
  [VERDICT.IN_QUESTION]: ["rejected", "warning"],
  [VERDICT.INVALID]: ["rejected", "rejected"],
  [VERDICT.UNVERIFIABLE]: ["waiting", "warning"],
};
const KINDS = {
  [MODE.STATEMENT]: "these statements",
  [MODE.REDACTED]: "the whole log, some bodies",
  [MODE.FULL]: "the whole log",
};

// What a check says may repeat long names from the file; show a line or two of them.
const told = (text) => seen(text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text);

const titled = (word) => `${word[0].toUpperCase()}${word.slice(1)}`;

/** Return the verdict in words: `[title, sentence]`. */
export function verdictWords({ verdict, checks, statements }) {
  const said = (outcome) => {
    const number = checks.findIndex((check) => check.outcome === outcome) + 1;
    const { says, position } = checks[number - 1];
    const where = position === null ? "" : ` at position ${position}`;
    return `Check ${number}${where}: ${says}`;
  };
  switch (verdict) {
    case VERDICT.VERIFIED:
      return ["Verified", `All checks passed, and the log is the one that you expect.${outcomeOf(statements)}`];
    case VERDICT.CONSISTENT:
      return [
        "Consistent, but I do not know this ledger",
        "Everything fits together. Whether it is the ledger that you mean, nothing in the file can say: give the log key that you expect.",
      ];
    case VERDICT.IN_QUESTION:
      return [
        "In question",
        "The file is sound, but a statement in it is approved only with a decision whose key or passkey was declared compromised by then.",
      ];
    case VERDICT.INVALID:
      return ["Failed: do not rely on this file", said(OUTCOME.FAILED)];
    default:
      return ["Cannot be verified here", said(OUTCOME.UNVERIFIABLE)];
  }
}

/** Return what a green verdict must not hide: valid evidence may show a statement without approval. */
function outcomeOf(statements) {
  const open = statements.filter(({ status }) => status !== STATUS.APPROVED);
  if (!open.length) return "";
  if (open.length === statements.length) return " It does not show an approval.";
  return ` ${open.length} of the ${statements.length} statements in it ${open.length === 1 ? "is" : "are"} not approved.`;
}

/** Return one sentence for screen readers: how many checks had which outcome. */
export function announcement(report) {
  const { checks } = report;
  const count = (outcome) => checks.filter((check) => check.outcome === outcome).length;
  const parts = [`${count(OUTCOME.PASSED)} of ${checks.length} checks passed`];
  if (count(OUTCOME.FAILED)) parts.push(`${count(OUTCOME.FAILED)} failed`);
  if (count(OUTCOME.UNVERIFIABLE)) parts.push(`${count(OUTCOME.UNVERIFIABLE)} cannot be told`);
  if (count(OUTCOME.SKIPPED)) parts.push(`${count(OUTCOME.SKIPPED)} not made`);
  return `Verification finished: ${verdictWords(report)[0]}. ${parts.join(", ")}.`;
}

/** Show a report in an element; `about` has the file, the time, and what was forged. */
export function showReport(place, report, about) {
  const [title, text] = verdictWords(report);
  const [tone, symbol] = LOOKS[report.verdict];
  const verdict = el(
    "section",
    { class: `verdict ${tone}` },
    icon(symbol),
    el("h2", { id: "verdict", tabindex: "-1" }, title),
    el("p", {}, ...told(text)),
  );
  place.replaceChildren(
    el("h1", { class: "print-only" }, "Verification report"),
    verdict,
    facts(report, about),
    ...(report.restorations.length ? [restorations(report.restorations)] : []),
    ...(report.statements.length ? [statements(report.statements)] : []),
    section("checks-title", "The checks", el("ol", { class: "checks" }, ...report.checks.map(check))),
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

function facts({ ledger, size, mode, root, asOf, heads }, { name, size: bytes, sha256, at, forged, expected }) {
  const pairs = [
    ["File", [...seen(name), ` (${bytes.toLocaleString("en")} bytes)`]],
    ["Its SHA-256", [el("code", {}, sha256)]],
    ["Checked", moment(at)],
    ["Expected key", expected.length ? expected.map((key) => el("code", {}, key)) : "none given"],
  ];
  if (forged) pairs.unshift(["Forged here", forged]);
  if (ledger) {
    pairs.push(["Ledger", [el("code", {}, ...seen(ledger))]], ["Shows", `${KINDS[mode]}, as of ${size} entries`]);
    if (asOf !== null) pairs.push(["Newest entry in it", `${moment(asOf)}, by the ledger’s clock`]);
    if (heads) pairs.push(["Nothing left out as of", `${moment(heads.at)}, by the ledger’s heads key`]);
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
    ...(details.length ? [inputsOf(details, at + 1, outcome === OUTCOME.FAILED)] : []),
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

function restorations(items) {
  const told = items.map(({ position, at, origin, kept, lost, reason }) =>
    el("p", {}, ...seen(`At position ${position}, ${at}: ${lostWords(kept, lost)}. The log goes on as ${origin}. The operator’s reason: ${reason}`)),
  );
  return section("restorations-title", "The ledger was restored from a backup", ...told);
}

function lostWords(kept, lost) {
  if (lost === null) return "nothing is known to be lost";
  if (lost === "unknown") return "what was lost is unknown";
  if (lost === kept + 1) return `entry ${lost} was lost`;
  if (lost > kept) return `entries ${kept + 1} to ${lost} were lost`;
  return `another tree of ${lost} entries was signed and lost`;
}

function statements(items) {
  const title = items.length === 1 ? "The statement" : "The statements";
  return section("statements-title", title, ...items.map(statement));
}

function statement(shown) {
  const { title, status, type, decisions, sha256, policy, document, approvers, creator, draftedAt } = shown;
  const { content } = JSON.parse(document);
  const badge = el("span", { class: `badge ${status}` }, icon(status), titled(status));
  const approved = ["Nobody", "1 person"][approvers.length] ?? `${approvers.length} people`;
  const digest = el("div", { class: "digest-row" }, el("div", { class: "seal" }, seal(sha256)), el("code", { class: "digest" }, ...grouped(sha256)));
  return el(
    "div",
    { class: "statement" },
    el("div", { class: "head" }, el("h4", {}, ...seen(title)), badge),
    el("p", {}, ...seen(`${approved} approved. ${policy}`)),
    ...(type ? [el("p", { class: "muted small" }, ...seen(`Type: ${type.name}, version ${type.version}.`))] : []),
    el("p", { class: "muted small" }, "Drafted by ", ...seen(quoted(creator.name)), `, ${moment(draftedAt)}, by the ledger’s clock.`),
    el("div", { class: "content" }, contentView(parse(content))),
    digest,
    decisions.length ? table(decisions) : el("p", { class: "muted" }, "Nobody has decided yet."),
    ...usesOf(shown),
    disclosure("The exact bytes that were signed", `, of ${quoted(title)}`, el("pre", { class: "bytes", tabindex: "0", "aria-label": "The document" }, ...seen(document))),
  );
}

/** Return the uses of a statement that can be used: how often, and what was reported of each. */
function usesOf({ usable, uses, usesVoid }) {
  if (!usable) return [];
  const taken = uses.filter(({ freed }) => !freed).length;
  const items = uses.map(({ at, name, number, reference, outcome, freed }) => {
    const became = freed ? "not done, confirmed: it counts no longer" : (outcome ?? "no outcome reported");
    return el("li", {}, ...seen(`Use ${number} by ${quoted(name)}, ${moment(at)}${reference === null ? "" : `, ${reference}`}: ${became}`));
  });
  const until = usable.until === null ? "" : ` until ${moment(usable.until)}`;
  const says = `This file shows ${taken} of ${usable.times} ${usable.times === 1 ? "use" : "uses"}${until}.${usesVoid ? " The ledger lost entries: what was left is void." : ""}`;
  return [el("p", { class: "uses" }, says), ...(items.length ? [el("ul", {}, ...items)] : [])];
}

/** Return what a decision's line must add, such as what it did not sign. */
function limitsOf({ form, keyRevoked, inQuestion, reEnrolledAt, standing, admittedBy }) {
  const unsigned = form === FORM.INDIVIDUAL ? ", policy not signed" : "";
  const back = reEnrolledAt === null ? "" : `, person re-enrolled ${moment(reEnrolledAt)}`;
  const by = admittedBy === OPERATOR ? ", person let in by the operator" : "";
  const now = standing === STANDING.ACTIVE ? "" : `, person ${standing} now`;
  return `${unsigned}${keyRevoked ? ", key revoked later" : ""}${inQuestion ? ", in question" : ""}${by}${back}${now}`;
}

function table(decisions) {
  const head = ["Who", "Decision", "When (the ledger’s clock)", "Position"].map((name) =>
    el("th", { scope: "col" }, name),
  );
  const rows = decisions.map(({ position, at, name, decision, ...limits }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, ...seen(name)),
      el("td", {}, `${titled(decision)}${limitsOf(limits)}`),
      el("td", {}, el("time", { datetime: at }, at.replace("T", " ").replace(/\.[0-9]*Z/, " UTC"))),
      el("td", { "data-label": "Position" }, String(position)),
    ),
  );
  const caption = el("caption", { class: "visually-hidden" }, "Decisions");
  return el("table", {}, caption, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}

/** Return the section on what a report proves, if it proves anything. */
function proved({ verdict }) {
  if (![VERDICT.VERIFIED, VERDICT.CONSISTENT, VERDICT.IN_QUESTION].includes(verdict)) return [];
  const whose = verdict === VERDICT.VERIFIED ? "the log" : "the log of whichever ledger this is";
  const text =
    "These people’s keys, each attested by a passkey, signed these very bytes. By the policy in " +
    `them the statement stood as shown, and ${whose} was committed to all of it when its checkpoint was signed.`;
  return [section("proves-title", "What this proves", el("p", {}, text))];
}

const SAID = {
  foreign: "not the one of this format, so do not follow it.",
  unchecked: "not checked, and no evidence.",
};

function limits({ doesNotProve, companions }) {
  const beside = companions.map(({ name, sha256, state, claims }) => {
    const claimed = claims === null ? "" : `It claims that the checkpoint existed at ${claims.slice(0, 19)}Z: `;
    return `${name}, SHA-256 ${sha256}: ${claimed}${SAID[state]}`;
  });
  const items = [...beside, ...doesNotProve].map((each) => el("li", {}, each));
  return section("limits-title", "What this does not prove", el("ul", { "data-limits": "" }, ...items));
}
