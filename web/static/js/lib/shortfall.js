// What the charter's floor asks for and a policy does not, for the page that drafts.

import { lack, minPeople } from "./floor.js";
import { text } from "./texts.js";

/** Return how a policy is below the floor, as a sentence, or "". */
export function shortfall(policy, floor) {
  const why = lack(policy, floor);
  return why && text(`draft.floor.${why}`, { least: floor.people, people: minPeople(policy) });
}
