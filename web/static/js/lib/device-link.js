// The link to another device, on the device that a person has already: open it, compare the code of
// the passkey that the other device offers, approve that passkey or end the link.

import { get, post } from "./api.js";
import { one, put } from "./dom.js";
import { signAct } from "./jws.js";
import { matchCode } from "./match-code.js";
import { me, say, show } from "./page.js";
import { moment } from "./policy.js";
import { confirmed } from "./stepup.js";
import { text } from "./texts.js";
import { signIn } from "./webauthn.js";

const EVERY_MS = 2000;
const place = one("#link");
let timer = 0;
/** The offer whose code is shown. */
let offered = null;

/** Open a link, with a passkey, and wait for the other device. */
export async function open() {
  const begun = await post("/api/authenticate/options", {});
  const { publicKey } = await post("/api/jwt-keys/options", {});
  say(text("page.waiting"));
  const { allowCredentials } = publicKey;
  const mine = { ...begun, publicKey: { ...begun.publicKey, allowCredentials } };
  const assertion = await signIn(mine);
  const { ceremony } = begun;
  const { link, qr, expiresAt } = await post("/api/device-links", { ceremony, assertion });
  one("#link-qr").src = `data:image/svg+xml,${encodeURIComponent(qr)}`;
  one("#link-address").textContent = link;
  put(place, "until", moment(expiresAt));
  stage("open");
  place.hidden = false;
  one("h3", place).focus();
  follow();
}

function stage(name) {
  for (const each of place.querySelectorAll("[data-stage]")) each.hidden = each.dataset.stage !== name;
}

function follow() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const link = await get("/api/device-links").catch((error) => {
      if (error.refused !== false) show(error);
      return { stage: error.refused === false ? "open" : "gone" };
    });
    if (link.stage === "open") follow();
    else if (link.stage === "offered") await compare(link);
    else if (link.stage !== "gone") over(text(`link.${link.stage}`));
  }, EVERY_MS);
}

async function compare({ offered: { cose, browser }, nonce }) {
  offered = { cose, user: me.user };
  const code = await matchCode({ ...offered, ledger: me.ledger, nonce });
  put(place, "browser", browser);
  put(place, "code", code);
  stage("offered");
  say(text("link.offered.says", { code }));
}

/** Add the passkey whose code is shown; an older passkey confirms exactly that key. */
export async function approve(key) {
  const act = await signAct(key, me.ledger, "add-passkey", offered);
  const { body } = await confirmed(act);
  try {
    return await post("/api/device-links/approve", { act: body.act, confirmation: body.assertion });
  } catch (error) {
    if (error.refused) over(text("link.refused"));
    throw error;
  }
}

/** End the link: it is `cancelled`, or the `codes-differ`. */
export async function end(why) {
  clearTimeout(timer);
  await post("/api/device-links/end", { why });
  over(text(`link.${why}`));
}

function over(sentence) {
  clearTimeout(timer);
  stage("over");
  put(place, "over", sentence);
  say(sentence);
}
