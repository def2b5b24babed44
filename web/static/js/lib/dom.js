// Builds elements from text and attributes only, so that no user input becomes markup.

/** An error whose message is for people. */
export class Told extends Error {}

/** A passkey ceremony that ended without a result. */
export class CeremonyError extends Told {}

const SVG = "http://www.w3.org/2000/svg";

export const one = (selector, from = document) => from.querySelector(selector);
export const all = (selector, from = document) => [...from.querySelectorAll(selector)];

/** Return `<name …>children</name>`; children are nodes or text. */
export function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function icon(name) {
  const use = svg("use", { href: `#i-${name}` });
  return svg("svg", { class: `icon icon-${name}`, "aria-hidden": "true" }, use);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Set the text of `[data-name]` inside an element. */
export function put(element, name, text) {
  for (const place of all(`[data-${name}]`, element)) place.textContent = text;
}

/** Show a modal dialog; resolve with true when it was confirmed. */
export function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "sign"), { once: true });
  });
}
