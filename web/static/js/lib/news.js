// What every page says of the account: keys and passkeys that were added elsewhere. Each browser says
// it until its person has seen it there, and says nothing of what it added itself.

import { all, one } from "./dom.js";
import { keysOf } from "./keystore.js";
import { me, onAction } from "./page.js";

const KNOWN = "known-devices";

function known() {
  try {
    return JSON.parse(localStorage.getItem(KNOWN)) ?? [];
  } catch {
    return []; // no storage: it is said again on the next page
  }
}

/** Say nothing of this key or passkey here any more. */
export function know(reference) {
  try {
    localStorage.setItem(KNOWN, JSON.stringify([...new Set([...known(), reference])].slice(-100)));
  } catch {
    // no storage: it is said again on the next page
  }
}

/** Show the news that this browser has not seen, and did not make. */
export async function reveal() {
  const mine = await keysOf(me.ledger, me.user).catch(() => []);
  const old = [...known(), ...mine.map(({ kid }) => `kid:${kid}`)];
  for (const each of all("#news > [data-reference]")) {
    if (old.includes(each.dataset.reference)) each.remove();
  }
  close();
}

const close = () => {
  one("#news").hidden = one("#news").childElementCount === 0;
};

onAction({
  known: (button) => {
    const told = button.closest("[data-reference]");
    know(told.dataset.reference);
    told.remove();
    close();
  },
});
for (const button of all("[data-action=known]")) button.disabled = false;
