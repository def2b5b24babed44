// Content for a statement of a type: a form for a flat schema, and what does not meet the schema.
// Loaded only where a type is drafted. The server decides again.

import { parseSchema, unmet } from "./content-schema.js";
import { differences } from "./differences.js";
import { el } from "./dom.js";
import { parseObject } from "./strict-json.js";
import { text as said } from "./texts.js";

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const KINDS = { string: "text", integer: "number", number: "number", boolean: "flag" };
// By keyword, the text for what does not meet it; others have their own name.
const UNMET = {
  minLength: "short",
  maxLength: "long",
  minItems: "few",
  maxItems: "many",
  minimum: "small",
  maximum: "large",
  exclusiveMinimum: "small",
  exclusiveMaximum: "large",
};

/** What a type asks of content: `definition` is its exact text. */
export class TypedContent {
  constructor(definition) {
    const { members } = parseObject(definition);
    this.schema = parseSchema(members.find(([name]) => name === "schema")[1]);
    this.fields = fieldsOf(this.schema);
    ({ policy: this.policy, usable: this.usable } = JSON.parse(definition));
  }

  /** Return how a content's text does not meet the schema, as a sentence, or "". */
  fault(text) {
    const found = unmet(this.schema, parseObject(text));
    if (!found) return "";
    const missing = found.keyword === "required" && !found.pointer && this.missing(text);
    if (missing) return said("draft.required", { name: missing });
    const unmetBy = said(`draft.unmet.${UNMET[found.keyword] ?? found.keyword}`);
    return `${found.pointer || said("draft.the-content")}: ${unmetBy}.`;
  }

  /** Show a content in the form; return whether the form says all of it. */
  fill(text) {
    const content = parseObject(text);
    for (const { name, kind, input } of this.fields) {
      const value = content.members.find(([each]) => each === name)?.[1].text ?? "";
      if (kind === "flag") input.checked = value === "true";
      else input.value = value;
    }
    return !differences(content, parseObject(contentOf(this.fields))).length;
  }

  missing(text) {
    const names = parseObject(text).members.map(([name]) => name);
    return this.schema.required.find((name) => !names.includes(name));
  }

  /** Return the elements of the form; `changed` gets the content's text after each input. */
  form(changed) {
    const tell = () => changed(contentOf(this.fields));
    const shown = this.fields.map((field, at) => {
      field.input = inputOf(field, `typed-${at}`);
      field.input.addEventListener("input", tell);
      return row(field);
    });
    tell();
    return shown;
  }
}

/** Return the fields of a flat schema, null where a text has to be written. */
function fieldsOf({ types, properties, additional, required }) {
  const isClosed = additional === null || additional.never;
  if ((types && !types.includes("object")) || !isClosed || !properties.size) return null;
  if (!required.every((name) => properties.has(name))) return null;
  const fields = [...properties].map(([name, schema]) => {
    const kind = kindOf(schema);
    return kind && { name, kind, schema, isRequired: required.includes(name) };
  });
  return fields.every(Boolean) ? fields : null;
}

function kindOf({ types, choices, properties, items, never, const: only }) {
  if (never || properties.size || items || only !== null) return null;
  if (choices) return choices.every(({ kind, text }) => kind === "string" && text) ? "choice" : null;
  return types?.length === 1 ? KINDS[types[0]] : null;
}

function inputOf({ kind, schema, isRequired }, id) {
  if (kind === "flag") return el("input", { type: "checkbox", id });
  const required = isRequired ? "" : undefined;
  if (kind !== "choice") {
    return el("input", { type: "text", id, required, inputmode: kind === "number" ? "decimal" : undefined });
  }
  const options = schema.choices.map(({ text }) => el("option", { value: text }, text));
  const none = isRequired ? [] : [el("option", { value: "" }, "–")];
  return el("select", { id, required }, ...none, ...options);
}

function row({ name, kind, schema, isRequired, input }) {
  const called = schema.title || name;
  const words = isRequired || kind === "flag" ? called : said("draft.optional", { name: called });
  const label = el("label", { for: input.id }, words);
  if (kind === "flag") return el("div", { class: "choice" }, input, label);
  const hint = schema.description ? [el("p", { class: "hint" }, schema.description)] : [];
  return el("div", { class: "field" }, label, ...hint, input);
}

/** Return the text of the object that the fields make; what is left empty is left out. */
function contentOf(fields) {
  const members = fields.flatMap(({ name, kind, input }) => {
    if (kind === "flag") return [[name, String(input.checked)]];
    const value = kind === "choice" ? input.value : input.value.trim();
    if (value === "") return [];
    return [[name, kind === "number" && NUMBER.test(value) ? value : JSON.stringify(value)]];
  });
  const lines = members.map(([name, value]) => `  ${JSON.stringify(name)}: ${value}`);
  return lines.length ? `{\n${lines.join(",\n")}\n}` : "{}";
}
