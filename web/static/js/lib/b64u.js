// base64url without padding (RFC 7515 section 2).

export function encode(bytes) {
  let text = "";
  // In slices: one call with a whole document's bytes as arguments would overflow the stack.
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Return the bytes; throw TypeError for any spelling but the canonical one. */
export function decode(text) {
  if (!/^[\w-]*$/.test(text)) throw new TypeError("not base64url");
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  if (encode(bytes) !== text) throw new TypeError("not canonical base64url");
  return bytes;
}
