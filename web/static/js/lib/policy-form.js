// The form of a policy: people and roles, groups within groups, and steps. The markup is that of
// web/templates/choose_policy.html.

import { all, el, one } from "./dom.js";
import { isObject, moment } from "./policy.js";
import { text } from "./texts.js";

const DAY_MS = 86_400_000;
const MIN_STEPS = 2;

/** The form that builds a policy, and shows one that was written elsewhere. */
export class PolicyForm {
  #made = 0;

  constructor(place = one("#policy-fields")) {
    this.place = place;
    this.root = one("#at-once", place);
    this.groups = one("#at-once + [data-part=groups]", place);
    place.addEventListener("click", (event) => this.#act(event.target.closest("[data-action]")));
    one("#in-steps", place).addEventListener("change", () => this.#turn());
    this.#name();
    all("[data-action]", place).forEach((button) => (button.disabled = false));
  }

  /** Return the policy that the form describes at a time. */
  policy(nowMs) {
    const nodes = groupsIn(this.groups).map(node);
    const root = members(this.root);
    const end = one("#expires", this.place)?.value;
    const veto = checked("[name=veto]", this.place);
    return {
      ...(this.#inSteps ? { steps: nodes } : { ...root, of: [...root.of, ...nodes] }),
      ...(veto.length && { veto }),
      ...(!one("#creator-may-sign", this.place).checked && { creatorMaySign: false }),
      ...(end && { expiresAt: Number(end) ? new Date(nowMs + end * DAY_MS).toISOString() : end }),
      ...(one("#assurance", this.place).checked && { assurance: "passkey" }),
    };
  }

  /**
   * Show a well-formed policy. An end that has passed is left out, and what the floor fixes stays.
   *
   * Return whether the form can say it: it knows the roles that are open, and the people listed.
   */
  write({ steps, veto = [], creatorMaySign = true, expiresAt, assurance = "key", ...root }, nowMs) {
    this.groups.replaceChildren();
    one("#in-steps", this.place).checked = Boolean(steps);
    const fits = steps
      ? steps.map((step) => this.#write(this.#add(this.groups), step))
      : [this.#write(this.root, root, this.groups)];
    fits.push(check("[name=veto]", this.place, veto));
    choose(one("#creator-may-sign", this.place), creatorMaySign);
    choose(one("#assurance", this.place), assurance === "passkey");
    if (expiresAt && Date.parse(expiresAt) > nowMs) this.#end(expiresAt);
    this.#turn();
    return fits.every(Boolean);
  }

  get #inSteps() {
    return one("#in-steps", this.place).checked;
  }

  #end(time) {
    const select = one("#expires", this.place);
    if (!all("option", select).some(({ value }) => value === time)) {
      select?.append(el("option", { value: time }, moment(time)));
    }
    if (select) select.value = time;
  }

  #write(place, { threshold, of }, groups = one("[data-part=groups]", place)) {
    one("[data-part=threshold]", place).value = threshold;
    const fits = of.filter(isObject).map((nested) => this.#write(this.#add(groups), nested));
    fits.push(check("[data-part=of]", place, of.filter((member) => !isObject(member))));
    return fits.every(Boolean);
  }

  #act(button) {
    const group = button?.closest(".node");
    switch (button?.dataset.action) {
      case "add-group":
        one("input", this.#add(group ? one("[data-part=groups]", group) : this.groups)).focus();
        break;
      case "move-group":
        group.previousElementSibling.before(group);
        button.focus();
        break;
      case "remove-group":
        adding(group.parentElement).focus();
        group.remove();
        break;
      default:
        return;
    }
    this.#turn();
    this.place.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Add an empty group, and return it. */
  #add(groups) {
    const made = one("#group-template").content.cloneNode(true);
    this.#made += 1;
    for (const part of all("[id], [for]", made)) {
      const name = part.id ? "id" : "for";
      part.setAttribute(name, part.getAttribute(name).replace("group-", `group-${this.#made}-`));
    }
    groups.append(made);
    return groups.lastElementChild;
  }

  /** Show one way or the other: a policy in steps has two steps or more, and no members of its own. */
  #turn() {
    this.root.hidden = this.#inSteps;
    while (this.#inSteps && groupsIn(this.groups).length < MIN_STEPS) this.#add(this.groups);
    this.#name();
  }

  /** Number the groups, and name what their buttons do. */
  #name(groups = this.groups, above = "") {
    const isStep = this.#inSteps && !above;
    adding(groups).textContent = isStep ? text("policy-form.add-step")
      : above ? text("policy-form.add-within", { number: above }) : text("policy-form.add");
    groupsIn(groups).forEach((group, at) => {
      const number = above ? `${above}.${at + 1}` : `${at + 1}`;
      const name = text(isStep ? "policy-form.step" : "policy-form.group", { number });
      one("legend", group).textContent = name;
      const button = (action) => one(`:scope > p > [data-action=${action}]`, group);
      button("remove-group").textContent = text("policy-form.remove", { name });
      button("remove-group").hidden = isStep && groupsIn(groups).length <= MIN_STEPS;
      button("move-group").textContent = text("policy-form.earlier", { name });
      button("move-group").hidden = !isStep || at === 0;
      this.#name(one(":scope > [data-part=groups]", group), number);
    });
  }
}

/** Check a box or not, unless the floor fixes it. */
function choose(box, isChecked) {
  if (!box.disabled) box.checked = isChecked;
}

/** Return the button that adds to these groups. */
const adding = (groups) => one("[data-action=add-group]", groups.nextElementSibling);
const groupsIn = (place) => [...place.children];
const checked = (selector, place) => all(`${selector}:checked`, place).map(({ value }) => value);
/** Return the parts of a node that are not those of a group within it. */
const own = (selector, place) =>
  all(selector, place).filter((part) => part.closest(".node") === place.closest(".node"));

/** Return the node that a group of the form describes. */
function node(group) {
  const { threshold, of } = members(group);
  return { threshold, of: [...of, ...groupsIn(one(":scope > [data-part=groups]", group)).map(node)] };
}

function members(place) {
  const of = own("[data-part=of]", place).filter((box) => box.checked);
  const [threshold] = own("[data-part=threshold]", place);
  return { threshold: threshold.valueAsNumber || 0, of: of.map(({ value }) => value) };
}

/** Check exactly the boxes of these members; return whether each has a box. */
function check(selector, place, members) {
  const boxes = own(selector, place);
  for (const box of boxes) {
    box.checked = members.includes(box.value);
    if (box.checked) box.closest("details")?.setAttribute("open", "");
  }
  return members.every((member) => boxes.some(({ value }) => value === member));
}
