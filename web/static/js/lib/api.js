// Sends requests to the ledger, and turns its refusals into sentences that say what to do.

import { learn } from "./clock.js";
import { Told } from "./dom.js";
import { text } from "./texts.js";

/** A problem; `code` is stable. Unless it is `refused`, it may be recorded all the same. */
export class Problem extends Told {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
    this.refused = status < 500 && status !== 429;
  }
}

/** No answer arrived. The request may have arrived; sending it again is safe. */
export class NoAnswer extends Told {
  refused = false;
  constructor(cause) {
    super(text("page.no-answer"), { cause });
  }
}

export const get = (path) => request(path, {});

export const post = (path, body) =>
  request(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });

/** Return the exact bytes of an address. */
export async function bytes(path) {
  const response = await send(path, {});
  return new Uint8Array(await response.arrayBuffer());
}

/** Wait until the views have reached a position, so that the next page shows it. */
export async function settle(position) {
  try {
    await get(`/api/inbox?limit=1&minPosition=${position}`);
  } catch {
    // It is stored; at worst the next page shows it later.
  }
}

async function request(path, init) {
  const response = await send(path, init);
  return response.status === 204 ? null : response.json();
}

async function send(path, init) {
  const response = await fetch(path, { ...init, cache: "no-store" }).catch((error) => {
    throw new NoAnswer(error);
  });
  learn(response.headers.get("Date"));
  if (!response.ok) throw await problem(response);
  return response;
}

async function problem(response) {
  // A proxy may send a page: then show the status.
  return refusal(response.status, await response.json().catch(() => ({})));
}

/** Return a problem document as an error for people. */
export function refusal(status, { code = "", detail = "", sentence }) {
  const other = detail ? text("page.refused", { detail }) : text("page.answered", { status });
  return new Problem(status, code, sentence ?? other);
}
