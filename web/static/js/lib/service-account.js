// What the dialog of the account page says of a new service account.

import { now } from "./clock.js";
import { all, one, Told } from "./dom.js";
import { text } from "./texts.js";

const DAY_MS = 86_400_000;

const values = (name) => all(`[name=${name}]:checked`).map(({ value }) => value).sort();

/** Return the scope and the end that the dialog asks for. */
export function chosen() {
  const [acts, types] = [values("service-act"), values("service-type")];
  const untyped = one("#service-untyped").checked;
  if (!acts.length || !(types.length || untyped)) throw new Told(text("service.nothing"));
  const expiresAt = new Date(now() + Number(one("#service-days").value) * DAY_MS).toISOString();
  return { expiresAt, service: { acts, name: one("#service-name").value.trim(), types, untyped } };
}
