// The floor: what the charter asks of every policy of a statement. The pages and the verifier use it.

/** Return the least number of people who meet a policy or node, null if its members are too few. */
export function minPeople(root) {
  const { threshold, of } = root.steps?.length ? { threshold: root.steps.length, of: root.steps } : root;
  const named = of.filter((member) => typeof member === "string");
  const hasRole = named.some((member) => member.startsWith("role:"));
  const nested = of.filter((member) => typeof member !== "string").map(minPeople);
  const places = Array(hasRole ? threshold : named.length).fill(1);
  const costs = [...places, ...nested.filter((least) => least !== null)].sort((a, b) => a - b);
  return costs.length < threshold ? null : costs.slice(0, threshold).reduce((sum, cost) => sum + cost, 0);
}

/** Return how a policy is below the floor: `people`, `creator` or `passkey`; "" if it is not. */
export function lack(policy, floor) {
  const { creatorMaySign = true, assurance = "key" } = policy;
  const people = minPeople(policy);
  if (people !== null && people < floor.people) return "people";
  if (creatorMaySign && !floor.creatorMaySign) return "creator";
  return assurance === "key" && floor.assurance === "passkey" ? "passkey" : "";
}

/** Return the same as a sentence in English, for the verifier. */
export function shortfall(policy, floor) {
  switch (lack(policy, floor)) {
    case "people":
      return `This ledger asks for ${floor.people} people at least, and ${minPeople(policy)} can meet this.`;
    case "creator":
      return "This ledger asks that the creator of a statement does not approve it.";
    case "passkey":
      return "This ledger asks for a passkey with every decision.";
    default:
      return "";
  }
}
