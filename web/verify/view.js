// Shows a report: the verdict, then what was approved and by whom, then every check. All of it is said
// in the language of the page, within `speaking`.

import { contentView, seen } from "../static/js/elements/content-view.js";
import { grouped, seal } from "../static/js/elements/seal.js";
import { el, icon } from "../static/js/lib/dom.js";
import { moment } from "../static/js/lib/policy.js";
import { quoted } from "../static/js/lib/quoted.js";
import { parse } from "../static/js/lib/strict-json.js";
import { catalogue, text } from "../static/js/lib/texts.js";
import { FORM, OPERATOR, STANDING, STATUS } from "./domain/vocabulary.js";
import { isEnglish } from "./spoken.js";
import { limits } from "./verify/readme.js";
import { OUTCOME, VERDICT } from "./verify/report.js";

const MOST_INPUTS = 200;
const MOST_CHARS = 400;
const SYMBOLS = {
  [OUTCOME.PASSED]: "check",
  [OUTCOME.FAILED]: "rejected",
  [OUTCOME.SKIPPED]: "none",
  [OUTCOME.UNVERIFIABLE]: "warning",
};
// By verdict: the tone of the notice, and its icon.
const LOOKS = {
  [VERDICT.VERIFIED]: ["approved", "approved"],
  [VERDICT.CONSISTENT]: ["waiting", "warning"],
  [VERDICT.IN_QUESTION]: ["rejected", "warning"],
  [VERDICT.INVALID]: ["rejected", "rejected"],
  [VERDICT.UNVERIFIABLE]: ["waiting", "warning"],
};
// What a check says may repeat long names from the file; show a line or two of them.
const told = (words) => seen(words.length > MOST_CHARS ? `${words.slice(0, MOST_CHARS)}…` : words);

const titled = (word) => `${word[0].toUpperCase()}${word.slice(1)}`;

/** Return what a check says, in the language of the page; of a finding, what its code means. */
function wordsOf({ words, says, code }) {
  if (words) return words();
  return isEnglish() ? says : (catalogue[`finding.${code}`] ?? says);
}

/** Return the verdict in words: `[title, sentence]`. */
export function verdictWords({ verdict, checks, statements }) {
  const title = text(`verify.verdict.${verdict}`);
  switch (verdict) {
    case VERDICT.VERIFIED:
      return [title, [text("verify.verdict.verified.says"), ...outcomeOf(statements)].join(" ")];
    case VERDICT.CONSISTENT:
    case VERDICT.IN_QUESTION:
      return [title, text(`verify.verdict.${verdict}.says`)];
    default:
      return [title, first(checks, verdict === VERDICT.INVALID ? OUTCOME.FAILED : OUTCOME.UNVERIFIABLE)];
  }
}

/** Return what the first check with this outcome says, and where. */
function first(checks, outcome) {
  const at = checks.findIndex((check) => check.outcome === outcome);
  const { position } = checks[at];
  const values = { n: at + 1, position, says: wordsOf(checks[at]) };
  return text(position === null ? "verify.verdict.check" : "verify.verdict.at", values);
}

/** Return what a green verdict must not hide: valid evidence may show a statement without approval. */
function outcomeOf(statements) {
  const open = statements.filter(({ status }) => status !== STATUS.APPROVED);
  if (!open.length) return [];
  if (open.length === statements.length) return [text("verify.open.all")];
  return [text("verify.open.some", { count: open.length, n: statements.length })];
}

/** Return one sentence for screen readers: how many checks had which outcome. */
export function announcement(report) {
  const { checks } = report;
  const counts = [OUTCOME.PASSED, OUTCOME.FAILED, OUTCOME.UNVERIFIABLE, OUTCOME.SKIPPED].flatMap((outcome) => {
    const n = checks.filter((check) => check.outcome === outcome).length;
    return n || outcome === OUTCOME.PASSED ? [text(`verify.done.${outcome}`, { n, most: checks.length })] : [];
  });
  return text("verify.done", { verdict: verdictWords(report)[0], counts: counts.join(", ") });
}

/** Show a report in an element; `about` has the file, the time, and what was forged. */
export function showReport(place, report, about) {
  const [title, words] = verdictWords(report);
  const [tone, symbol] = LOOKS[report.verdict];
  const verdict = el(
    "section",
    { class: `verdict ${tone}` },
    icon(symbol),
    el("h2", { id: "verdict", tabindex: "-1" }, title),
    el("p", {}, ...told(words)),
  );
  place.replaceChildren(
    el("h1", { class: "print-only" }, text("verify.report")),
    verdict,
    facts(report, about),
    ...(report.restorations.length ? [restorations(report.restorations)] : []),
    ...(report.statements.length ? [statements(report.statements)] : []),
    section("checks-title", text("verify.checks"), el("ol", { class: "checks" }, ...report.checks.map(check))),
    ...proved(report),
    limitsSection(report),
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
  const n = bytes.toLocaleString(document.documentElement.lang);
  const pairs = [
    ["file", [...seen(name), ` ${text("verify.fact.bytes", { n })}`]],
    ["sha256", [el("code", {}, sha256)]],
    ["checked", moment(at)],
    ["expected", expected.length ? expected.map((key) => el("code", {}, key)) : text("verify.fact.no-key")],
  ];
  if (forged) pairs.unshift(["forged", text(forged)]);
  if (ledger) {
    const kind = text(`verify.kind.${mode}`);
    pairs.push(["ledger", [el("code", {}, ...seen(ledger))]], ["shows", text("verify.fact.as-of", { kind, size })]);
    if (asOf !== null) pairs.push(["newest", text("verify.fact.own-clock", { time: moment(asOf) })]);
    if (heads) pairs.push(["heads", text("verify.fact.heads-key", { time: moment(heads.at) })]);
    pairs.push(["root", [el("code", {}, root)]]);
  }
  return list(pairs.map(([key, value]) => [text(`verify.fact.${key}`), value]));
}

function check(found, at) {
  const { name, outcome, says, code, position, inputs } = found;
  const symbol = SYMBOLS[outcome];
  const details = [];
  if (code) {
    const more = isEnglish() ? (catalogue[`finding.${code}`] ?? "") : "";
    details.push([text("verify.input.code"), [el("code", {}, code), ` ${more}`]]);
    if (!isEnglish()) details.push([text("verify.input.detail"), [el("span", { lang: "en" }, ...told(says))]]);
  }
  if (position !== null) details.push([text("verify.input.at"), String(position)]);
  details.push(...inputs());
  return el(
    "li",
    { class: outcome, "data-check": name },
    el("span", { class: "number", "aria-hidden": "true" }, String(at + 1)),
    el("h4", {}, text(`verify.check.${name}`)),
    el("span", { class: "outcome" }, symbol === "none" ? "– " : icon(symbol), text(`verify.outcome.${outcome}`)),
    el("p", {}, ...told(wordsOf(found))),
    ...(details.length ? [inputsOf(details, at + 1, outcome === OUTCOME.FAILED)] : []),
  );
}

function inputsOf(details, number, isOpen) {
  const name = text("verify.inputs.label", { n: number });
  const more = details.length - MOST_INPUTS;
  const rest = more > 0 ? [["…", text("verify.inputs.more", { n: more })]] : [];
  const inputs = list([...details.slice(0, MOST_INPUTS), ...rest]);
  const region = el("div", { class: "inputs", tabindex: "0", role: "group", "aria-label": name }, inputs);
  const shown = disclosure(text("verify.inputs"), text("verify.inputs.hidden", { n: number }), region);
  shown.open = isOpen;
  return shown;
}

function disclosure(title, hidden, ...children) {
  const summary = el("summary", {}, title, el("span", { class: "visually-hidden" }, hidden));
  return el("details", {}, summary, ...children);
}

function restorations(items) {
  const restored = items.map(({ kept, lost, ...more }) =>
    el("p", {}, ...seen(text("verify.restored.at", { ...more, lost: lostWords(kept, lost) }))),
  );
  return section("restorations-title", text("verify.restored"), ...restored);
}

function lostWords(kept, lost) {
  if (lost === null) return text("verify.lost.none");
  if (lost === "unknown") return text("verify.lost.unknown");
  if (lost === kept + 1) return text("verify.lost.entry", { n: lost });
  if (lost > kept) return text("verify.lost.entries", { n: kept + 1, most: lost });
  return text("verify.lost.tree", { n: lost });
}

function statements(items) {
  const title = text(items.length === 1 ? "verify.statement" : "verify.statements");
  return section("statements-title", title, ...items.map(statement));
}

function statement(shown) {
  const { title, status, type, decisions, sha256, policyWords, document, approvers, draftedAt } = shown;
  const drafter = actorOf(shown.creator.name, shown.creatorAccount);
  const { content } = JSON.parse(document);
  const badge = el("span", { class: `badge ${status}` }, icon(status), titled(text(`status.${status}`)));
  const count = approvers.length;
  const approved = count ? text("verify.approved", { count }) : text("verify.approved.none");
  const digest = el("div", { class: "digest-row" }, el("div", { class: "seal" }, seal(sha256)), el("code", { class: "digest" }, ...grouped(sha256)));
  return el(
    "div",
    { class: "statement" },
    el("div", { class: "head" }, el("h4", {}, ...seen(title)), badge),
    el("p", {}, ...seen(`${approved} ${policyWords()}`)),
    ...(type ? [el("p", { class: "muted small" }, ...seen(text("verify.type", { name: type.name, n: type.version })))] : []),
    el("p", { class: "muted small" }, ...seen(text("verify.drafted", { actor: drafter, time: moment(draftedAt) }))),
    el("div", { class: "content" }, contentView(parse(content))),
    digest,
    decisions.length ? table(decisions) : el("p", { class: "muted" }, text("verify.undecided")),
    ...usesOf(shown),
    disclosure(text("verify.bytes"), text("verify.bytes.of", { title }), el("pre", { class: "bytes", tabindex: "0", "aria-label": text("verify.document") }, ...seen(document))),
  );
}

/** Return who acted, with the service account that did it for them, null without one. */
const actorOf = (name, account) =>
  account === null ? quoted(name) : text("service.actor", { account, owner: quoted(name) });

/** Return the uses of a statement that can be used: how often, and what was reported of each. */
function usesOf({ usable, uses, usesVoid }) {
  if (!usable) return [];
  const taken = uses.filter(({ freed }) => !freed).length;
  const items = uses.map(({ at, name, account, number, reference, outcome, freed }) => {
    const became = text(`verify.use.${freed ? "freed" : (outcome ?? "open")}`);
    const values = { n: number, actor: actorOf(name, account), time: moment(at), reference: reference === null ? "" : `, ${quoted(reference)}`, became };
    return el("li", {}, ...seen(text("verify.use", values)));
  });
  const { until, times: count } = usable;
  const shown = until === null ? text("verify.uses", { taken, count }) : text("verify.uses.until", { taken, count, time: moment(until) });
  const says = usesVoid ? `${shown} ${text("verify.uses.void")}` : shown;
  return [el("p", { class: "uses" }, says), ...(items.length ? [el("ul", {}, ...items)] : [])];
}

/** Return what a decision's line must add, such as what it did not sign. */
function limitsOf({ form, keyRevoked, inQuestion, reEnrolledAt, standing, admittedBy }) {
  const limits = [
    [form === FORM.INDIVIDUAL, "unsigned"],
    [keyRevoked, "revoked"],
    [inQuestion, "in-question"],
    [admittedBy === OPERATOR, "operator"],
    [reEnrolledAt !== null, "back"],
    [standing !== STANDING.ACTIVE, standing],
  ].filter(([holds]) => holds);
  const time = reEnrolledAt === null ? "" : moment(reEnrolledAt);
  return limits.map(([, name]) => text(`verify.limit.${name}`, { time })).join("");
}

function table(decisions) {
  const head = ["who", "decision", "when", "position"].map((name) =>
    el("th", { scope: "col" }, text(`verify.column.${name}`)),
  );
  const rows = decisions.map(({ position, at, name, decision, ...limits }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, ...seen(name)),
      el("td", {}, `${text(`verify.decision.${decision}`)}${limitsOf(limits)}`),
      el("td", {}, el("time", { datetime: at }, at.replace("T", " ").replace(/\.[0-9]*Z/, " UTC"))),
      el("td", { "data-label": text("verify.column.position") }, String(position)),
    ),
  );
  const caption = el("caption", { class: "visually-hidden" }, text("verify.decisions"));
  return el("table", {}, caption, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
}

/** Return the section on what a report proves, if it proves anything. */
function proved({ verdict }) {
  if (![VERDICT.VERIFIED, VERDICT.CONSISTENT, VERDICT.IN_QUESTION].includes(verdict)) return [];
  const words = text(`verify.proves.${verdict === VERDICT.VERIFIED ? "log" : "whichever"}`);
  return [section("proves-title", text("verify.proves"), el("p", {}, words))];
}

function limitsSection({ mode, companions }) {
  const beside = companions.map(({ name, sha256, state, claims }) => {
    const key = state === "unchecked" && claims !== null ? "claims" : state;
    return text(`verify.beside.${key}`, { file: name, sha256, at: `${claims?.slice(0, 19)}Z` });
  });
  const items = [...beside, ...limits(mode)].map((each) => el("li", {}, each));
  return section("limits-title", text("verify.limits"), el("ul", { "data-limits": "" }, ...items));
}
