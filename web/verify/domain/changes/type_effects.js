// Mirrors ledger.domain.changes.type_effects: what a change does to types.

import { refuse } from "../../errors.js";
import { findAlike, looksBuiltIn } from "../alike_names.js";
import { signingRolesOf } from "../charter.js";
import { requireFloor, requireGovernanceFloor } from "../charter_values.js";
import { requirePossible } from "../places.js";
import { parseDefinition, rolesNamed } from "../statement_types.js";

/** Return what the event of a definition says besides its change. */
export function definitionOf(charter, { definition, was, pending }) {
  const found = parseDefinition(definition);
  const { name, version, policy } = found;
  if (was === null && charter.types.has(name)) refuse("type_known", `${name} is, or was, a type`);
  const alike = was === null ? findAlike(name, charter.types.keys()) : null;
  if (alike !== null) refuse("type_looks_alike", `${name} looks like ${alike}, which is, or was, a type`);
  if (was === null && looksBuiltIn(name)) refuse("type_looks_alike", `${name} looks like a built-in type`);
  const before = was === null ? 0 : requireCurrent(charter, name, was).version;
  if (version !== before + 1) refuse("type_version", `the next version of ${name} is ${before + 1}`);
  const known = signingRolesOf(charter);
  if (!rolesNamed(found).every((role) => known.includes(role))) {
    refuse("policy_invalid", "it names a role whose holders do not sign");
  }
  requirePossible(policy, "", known);
  return { name, definition, pending };
}

/** Return what the event of a type's end says besides its change. */
export function retirementOf(charter, { type: name, was, pending }) {
  requireCurrent(charter, name, was);
  return { name, pending };
}

function requireCurrent({ types }, name, was) {
  const known = types.get(name) ?? refuse("type_unknown", `this ledger has no type ${name}`);
  if (known.isRetired) refuse("type_retired", `the type ${name} is retired`);
  if (known.sha256 !== was) refuse("change_outdated", "what this change replaces has changed");
  return known;
}

/** Refuse governance, or a type in force, that is below the floor. */
export function requireAboveFloor({ governance, types, values: { floor } }) {
  requireGovernanceFloor(governance, floor);
  for (const { isRetired, policy } of types.values()) if (!isRetired) requireFloor(policy, floor);
}
