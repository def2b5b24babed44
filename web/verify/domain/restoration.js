// Mirrors ledger.domain.restoration: how a ledger goes on from a backup.

import { bytesOf } from "../../static/js/lib/digest.js";
import { refuse, Unknown } from "../errors.js";
import { verifyNote } from "../tlog/checkpoint.js";
import { parseVkey } from "../tlog/vkeys.js";
import { ACT } from "./acts.js";
import { epochOf, originOf, ownAct, requireNewKeys, requireReason } from "./charter.js";

const ROOT = /^[0-9a-f]{64}$/;

/**
 * Return the restore that the ledger's own key signed. It is the first event after the tree that it
 * continues, and later than `newest`, the time of the one before: times tell what a loss voids.
 */
export async function decideRestore(charter, { position, at, body }, newest, nowMs) {
  if (body.kept.size !== position - 1) refuse("restore_misplaced", "the restore keeps another tree");
  if (at <= newest) refuse("restore_refused", "a restore is later than every event before it");
  const { act: source } = body;
  const act = await ownAct(charter, source, ACT.RESTORE, nowMs);
  const { epoch, kept, lost, origin, vkeys, reason } = act;
  const refused = (detail) => refuse("restore_refused", detail);
  requireReason(reason);
  if (epoch <= epochOf(charter)) refused("the epoch must be above the last one");
  if (origin !== `${charter.ledger}/${epoch}`) {
    refused("the origin must be the ledger's name and the epoch");
  }
  if (kept.size < 1 || !ROOT.test(kept.root)) refused("a restore keeps a tree of one entry or more");
  await requireNewKeys(charter, vkeys, origin);
  if (lost?.size !== undefined) await requireSigned(charter, lost);
  return { epoch, kept, lost, origin, vkeys, reason, act: source };
}

/** Refuse a lost tree whose checkpoint the log's keys did not sign. */
async function requireSigned(charter, { size, checkpoint }) {
  if (size < 1) refuse("restore_refused", "a lost tree has one entry or more");
  if (checkpoint === null) return;
  const inForce = charter.logKeys.filter(({ lastSize }) => lastSize === null);
  const keys = await Promise.all(inForce.map(({ vkey }) => parseVkey(vkey)));
  const { note, signers } = await verifyNote(bytesOf(checkpoint), keys, originOf(charter));
  if (!signers.length) {
    throw new Unknown("algorithm_unknown", "this browser does not verify ML-DSA-44, and no other key signed");
  }
  if (note.size !== size) refuse("act_mismatch", "the lost checkpoint has another size");
}
