// SHA-256, and how a digest is shown.

const utf8 = new TextEncoder();

/** Return the UTF-8 bytes of a text. */
export const bytesOf = (text) => utf8.encode(text);

/** Return SHA-256 over bytes, or over a text's UTF-8 form, as 32 bytes. */
export async function sha256(data) {
  const bytes = typeof data === "string" ? bytesOf(data) : data;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Return SHA-256 as 64 lower-case hex characters. */
export async function sha256Hex(data) {
  return hex(await sha256(data));
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
