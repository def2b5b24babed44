// A new device, by the link that a person opened on another one: make a passkey, offer it, and show
// its code until the other device approves it.

import { post } from "../lib/api.js";
import { one, put, Told } from "../lib/dom.js";
import { matchCode } from "../lib/match-code.js";
import { know } from "../lib/news.js";
import * as newPasskey from "../lib/new-passkey.js";
import { run, say, show, start } from "../lib/page.js";
import { moment } from "../lib/policy.js";
import * as signals from "../lib/signals.js";
import { text } from "../lib/texts.js";

const EVERY_MS = 2000;
const form = one("#offer");
const secret = location.hash.slice(1);
/** What the link is for, as the ledger shows it. */
let link = null;
// A passkey that was made and not yet taken: a second attempt must not make another one.
let made = null;

async function look() {
  if (!secret) throw new Told(text("page.broken-link"));
  const found = await post("/api/device-links/look", { secret });
  if (found.stage !== "open") return over(found.stage === "offered" ? "used" : found.stage);
  link = found;
  put(form, "name", link.name);
  put(form, "until", moment(link.expiresAt));
  form.hidden = false;
  return undefined;
}

async function offer() {
  if (!made) say(text("link.step", { n: 1 }));
  made ??= await newPasskey.create(link);
  const { registration, cose } = made;
  try {
    say(text("link.step", { n: 2 }));
    const publicKey = newPasskey.onlyWith({ registration, publicKey: link.publicKey });
    const assertion = await newPasskey.showNewPasskey({ ...link, cose, publicKey });
    await post("/api/device-links/offer", { secret, registration, assertion });
  } catch (error) {
    if (error.refused) await drop();
    throw error;
  }
  const code = await matchCode({ ...link, cose });
  put(one("#code"), "code", code);
  form.hidden = true;
  one("#code").hidden = false;
  one("#code h2").focus();
  follow();
}

/** The passkey opens nothing here: the password manager may forget it. */
async function drop() {
  await signals.unknown(link.publicKey.rp.id, made.registration.id);
  made = null;
}

function follow() {
  setTimeout(async () => {
    const { stage } = await post("/api/device-links/look", { secret }).catch((error) => {
      if (error.refused !== false) show(error);
      return { stage: error.refused ? "gone" : "offered" };
    });
    if (stage === "offered") follow();
    else if (stage === "added") done();
    else {
      await drop();
      if (stage !== "gone") over(stage);
    }
  }, EVERY_MS);
}

function done() {
  know(`passkey:${made.registration.id}`);
  one("#code").hidden = true;
  one("#added").hidden = false;
  one("#added h2").focus();
}

function over(stage) {
  one("#code").hidden = true;
  put(one("#over"), "over", text(stage === "used" ? "refusal.device_link_used" : `link.${stage}`));
  one("#over").hidden = false;
  one("#over h2").focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(one("button", form), offer);
});

await start();
if (!one("#problem").hasChildNodes()) await look().catch(show);
// Another link that is opened in this tab changes the fragment alone.
addEventListener("hashchange", () => location.reload());
