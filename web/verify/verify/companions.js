// Mirrors ledger.verify.companions: the files of a bundle that no check rests on.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { claimedTime } from "../timestamp/response.js";

// What README.txt has to be in each mode; tests/vectors/web/readme.json has the same.
const README_SHA256 = {
  statement: "3e1b6fc72ba65f634e90b183f53eedfe7b873066ba6512346f484b886c7d492e",
  redacted: "7881efefea2451c9218400cba2030e9013ccde5dbac915f53cd20eabea6524c4",
  full: "4da79dd3e79b487bb4b56b9c988e6acb50322d940f6422eeb20b0c4bc98075ea",
};
const STAMP = "checkpoint.tsr";
const NAMES = ["README.txt", "verify.html", STAMP, "policy", "keys/tsa-chain.pem"];

/** Return `[{name, sha256, state, claims}]`; a README that is the one of its mode is left out. */
export async function companions(files, mode) {
  const found = [];
  for (const name of NAMES.filter((each) => files.has(each))) {
    const sha256 = await sha256Hex(files.get(name));
    const claims = name === STAMP ? claimedTime(files.get(name)) : null;
    if (name !== "README.txt") found.push({ name, sha256, state: "unchecked", claims });
    else if (sha256 !== README_SHA256[mode]) found.push({ name, sha256, state: "foreign", claims });
  }
  return found;
}
