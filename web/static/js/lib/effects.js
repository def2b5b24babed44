// What a change would do, before it is signed: the server computes it with the function that it
// records the effects with.

import { Problem, post } from "./api.js";
import { el } from "./dom.js";
import { jcs } from "./jcs.js";
import { text } from "./texts.js";

// Items whose text says more than the item itself.
const TOLD = ["end-role", "suspend", "deactivate", "close-role", "cancel-invitation", "set-governance", "declare-compromise", "withdraw", "erase", "hold", "release-hold"];

/** Return what a change with these items would do: `{more, unmeetable, registration}`. */
export const preview = (items) => post("/api/changes/preview", { content: jcs({ items }) });

/** Return the paragraphs that say what the items do to others. */
export function consequences(items, { unmeetable, registration }) {
  const told = items.flatMap((item) => Object.entries(item)).flatMap(([name, { people, name: whose }]) => [
    ...(TOLD.includes(name) ? [whose ? `${name}.name` : name] : []),
    ...(people ? ["set-governance.people"] : []),
  ]);
  if (registration) told.push(`registration.${registration}`);
  return [...new Set(told)].map((name) => el("p", {}, text(`effect.${name}`))).concat(lost(unmeetable));
}

/** Return the paragraph that says whose approval the change still needs; `policy` in words. */
export function approvals(items, { more }, policy) {
  if (items.some((item) => "set-governance" in item)) return el("p", {}, text("effect.accept", { policy }));
  if (more === null) return el("p", {}, text("effect.nobody"));
  return el("p", {}, more ? text("effect.waits", { count: more, policy }) : text("effect.alone"));
}

/** Return the paragraph that says why a change is refused. */
export function refused(error) {
  if (!(error instanceof Problem)) throw error;
  return el("p", { class: "error" }, error.message);
}

/** Return the elements that list the statements that nobody could approve any more. */
export function lost({ count, statements, isComplete }) {
  const partial = isComplete ? [] : [el("p", { class: "muted small" }, text("effect.partial"))];
  if (!count) return [el("p", { class: "muted" }, text("effect.none")), ...partial];
  const items = statements.map(({ id, title }) =>
    el("li", {}, el("a", { href: `/statements/${id}` }, title)),
  );
  if (count > items.length) items.push(el("li", {}, text("effect.more", { count: count - items.length })));
  return [el("p", {}, el("strong", {}, text("effect.lost", { count }))), el("ul", {}, ...items), ...partial];
}
