// The title of a change, which follows from its items: the page that drafts it and the verifiers
// write the same. Mirrors ledger.domain.changes.titles.

const short = (id) => id.slice(0, 8);

// What is held is a statement or a name, which is that of `name`; parsed, of `user`.
const whatIs = ({ statement, name, user = name }) =>
  statement ? `the statement ${short(statement)}` : `the name of ${short(user)}`;

/** By the name of an item: what it asks for, in words. */
export const WORDS = Object.freeze({
  invite: ({ role }) => `Invite somebody as ${role}`,
  "cancel-invitation": ({ invitation }) => `Cancel the invitation ${short(invitation)}`,
  "define-role": ({ role }) => `Define the role ${role}`,
  "close-role": ({ role }) => `Close the role ${role}`,
  "grant-role": ({ user, role }) => `Grant the role ${role} to ${short(user)}`,
  "end-role": ({ user, role }) => `End the role ${role} of ${short(user)}`,
  suspend: ({ user }) => `Suspend ${short(user)}`,
  reinstate: ({ user }) => `Reinstate ${short(user)}`,
  deactivate: ({ user }) => `Deactivate ${short(user)}`,
  "declare-compromise": ({ user }) => `Declare a key or passkey of ${short(user)} compromised`,
  withdraw: ({ statement }) => `Withdraw the statement ${short(statement)}`,
  // What a change erases is a statement or a name, which is that of `name`; parsed, of `user`.
  erase: ({ statement, name, user = name }) =>
    statement ? `Erase the statement ${short(statement)}` : `Erase the name of ${short(user)}`,
  hold: (held) => `Hold ${whatIs(held)}`,
  "release-hold": (held) => `Release the hold on ${whatIs(held)}`,
  "re-enrol": ({ user }) => `Re-enrol ${short(user)}`,
  admit: ({ user }) => `Admit the new passkey of ${short(user)}`,
  "set-charter": () => "Set the values of the charter",
  "define-type": ({ definition }) => {
    const { name, version } = JSON.parse(definition);
    return `Define the type ${name}, version ${version}`;
  },
  "retire-type": ({ type }) => `Retire the type ${type}`,
  "set-governance": () => "Set the governance policy",
});

/** Return the title of a change with these items: its first item, and how many more. */
export function titleOf(items) {
  const [[name, members]] = Object.entries(items[0]);
  const first = WORDS[name](members);
  return items.length > 1 ? `${first}, and ${items.length - 1} more` : first;
}
