// Mirrors ledger.verify.companions: the files of a bundle that no check rests on.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { claimedTime } from "../timestamp/response.js";

// What README.txt has to be in each mode; tests/vectors/web/readme.json has the same.
const README_SHA256 = {
  statement: "785978c5b8bde29a23a6bd861e5a539d6c6f35e2e76503d1a04c03f13401063f",
  redacted: "83cc0a919c5c3fcf897e1d7a5f31e89841c8b8d1e7080d43ba3dcdf04ebe6641",
  full: "5f114665acbb474701d3bd2d6b5467bf7feab101e50d7da5e62f9d0a67e3f260",
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
