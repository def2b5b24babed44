// Mirrors ledger.domain.holdings: as far as service accounts go, what their keys sign.

import { refuse } from "../errors.js";
import { ACT } from "./acts.js";

/** What every service account's key signs about itself. */
export const OWN_ACTS = [ACT.REVOKE_KEY, ACT.REAFFIRM_KEY];

/** Refuse what a service account does not do. */
export const refuseBeyond = () => refuse("beyond_scope", "this is beyond the scope of the service account");

/** Refuse a type of statements, null for untyped ones, that a service account does not act on. */
export function requireCovered({ service }, type) {
  if (service && !(type ? service.types.includes(type.name) : service.untyped)) refuseBeyond();
}
