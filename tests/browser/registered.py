"""People who registered before the test begins, each in a browser that has what registering leaves.

Registering by clicking takes three quarters of a second of processor time, and most tests are of
something else. The tests of registering click.
"""

from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ledger.encoding import b64_encode
from ledger.jose import SigningKey
from tests.browser.people import Browser
from tests.support.actor import Actor, now_ms
from tests.support.keys import jwk_members
from tests.support.server import Server

# Keeps a key as web/static/js/lib/keystore.js does.
KEEP = """async ([{ ledger, user, kid, jwk, madeAt }, pkcs8]) => {
    const bytes = Uint8Array.from(atob(pkcs8), (each) => each.charCodeAt(0));
    const algorithm = { name: "Ed25519" };
    const privateKey = await crypto.subtle.importKey("pkcs8", bytes, algorithm, false, ["sign"]);
    const key = { ledger, user, kid, jwk, privateKey, home: "device", expiresAt: null, madeAt };
    await new Promise((resolve, reject) => {
        const request = indexedDB.open("ledger", 2);
        request.onupgradeneeded = () => request.result.createObjectStore("keys");
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
            const { result } = request;
            const written = result.transaction("keys", "readwrite");
            written.objectStore("keys").put(key, [ledger, user, kid]);
            written.oncomplete = () => resolve(result.close());
            written.onabort = () => reject(written.error);
        };
    });
}"""


def register(
    browser: Browser, server: Server, name: str, role: str, invitation: str | None = None
) -> Actor:
    """Register somebody, and give the browser their session, passkey and signing key.

    `invitation` is the secret of a link, or a name that stands for one. The browser shows no page
    of the ledger yet. Only the browser uses the passkey from now on, for it counts its uses.
    """
    private = ed25519.Ed25519PrivateKey.generate()
    with server.client() as client:
        client.headers["User-Agent"] = browser.evaluate("navigator.userAgent")
        who = Actor(client, name, server.origin, key=SigningKey(private))
        who.register(role, invitation)
        found = client.cookies.items()
    browser.context.add_cookies(
        [{"name": each, "value": value, "url": server.origin} for each, value in found]
    )
    browser.hold_passkey(_credential(who))
    browser.page.goto(f"{server.origin}/livez")
    about = {"ledger": who.ledger, "user": who.user, "kid": who.key.kid}
    members = {"jwk": jwk_members(who.key.jwk), "madeAt": now_ms()}
    browser.evaluate(KEEP, [about | members, _pkcs8(private)])
    return who


def _credential(who: Actor) -> dict[str, Any]:
    """Return a passkey as the browser's WebAuthn domain takes it."""
    return {
        "credentialId": b64_encode(who.passkey.credential_id),
        "isResidentCredential": True,
        "rpId": who.passkey.rp_id,
        "privateKey": _pkcs8(who.passkey.private),
        "userHandle": b64_encode(UUID(who.user).bytes),
        "userName": who.name,
        "userDisplayName": who.name,
        "signCount": who.passkey.sign_count,
    }


def _pkcs8(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """Return a private key as base64 of PKCS #8."""
    raw = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return b64_encode(raw)
