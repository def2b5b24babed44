// Mirrors ledger.verify.heads: how many events each stream of a bundle has in the tree of its
// checkpoint, as the ledger's heads key signed it. So nobody leaves out a later event of a stream.

import { ACT, parseAct, stated } from "../domain/acts.js";
import { requireUuid } from "../domain/document.js";
import { toBase64 } from "../encoding.js";
import { refuse, Unknown } from "../errors.js";
import { verifyCompact } from "../jose/compact.js";

export const HEADS = "heads.jwt";
const MAX_HEADS = 1024;
const MAX_IAT = 253_402_300_799; // the last second of the year 9999

/**
 * Compare the heads of a bundle with its streams; return when they were signed, and for which nonce.
 *
 * `note` is the checkpoint, and `shown` a map with the number of events of each stream in the bundle.
 */
export async function checkHeads(raw, note, shown, charter) {
  const said = await verified(raw, charter);
  if (said.root !== toBase64(note.root) || said.size !== note.size) {
    refuse("heads_mismatch", "the heads are of another tree than the checkpoint's");
  }
  Object.keys(said.heads).forEach(requireUuid);
  const named = new Map(Object.entries(said.heads));
  for (const stream of [...new Set([...shown.keys(), ...named.keys()])].sort()) {
    compare(stream, named.get(stream) ?? 0, shown.get(stream) ?? 0);
  }
  return { at: new Date(said.iat * 1000).toISOString(), nonce: said.nonce };
}

async function verified(raw, charter) {
  if (!raw) {
    throw new Unknown("heads_missing", `the file ${HEADS} is not there, so later events may have been left out`);
  }
  const jws = parseAct(new TextDecoder("latin1").decode(raw));
  await verifyCompact(jws, charter.heads);
  const said = stated(jws);
  if (said.act !== ACT.HEADS) refuse("act_mismatch", "not the act that is expected");
  if (said.ledger !== charter.ledger) refuse("ledger_mismatch", "the heads are of another ledger");
  if (!(said.iat >= 0 && said.iat <= MAX_IAT)) refuse("act_mismatch", "iat is not a time");
  if (Object.keys(said.heads).length > MAX_HEADS) {
    refuse("heads_mismatch", `heads name at most ${MAX_HEADS} streams`);
  }
  return said;
}

function compare(stream, named, shown) {
  if (shown < named) {
    refuse("events_left_out", `the stream ${stream} has ${named} events, and ${shown} of them are here`);
  }
  if (shown !== named || named < 1) {
    refuse("heads_mismatch", `the heads name ${named} events of the stream ${stream}, and ${shown} are here`);
  }
}
