"""RSA public keys: which modulus and exponent are accepted (NIST SP 800-89 section 5.3.3).

Who can factor the modulus can sign. So this module refuses even moduli, moduli with a small
factor, perfect powers, such as 3^1292, and moduli that Infineon's faulty library generated (ROCA,
CVE-2017-15361), which can be factored in days. It does not test whether a modulus is a prime or a
product of close primes: that costs as much as hundreds of verifications, and no test finds every
weak key.
"""

import math
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

from ledger.errors import MalformedError

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MAX_RSA_EXPONENT_BITS = 64
# SP 800-89 asks for no factor below 752.
_SMALL_FACTORS = math.lcm(*range(2, 752))
_SMALLEST_FACTOR_BITS = 9
# Modulo each of these primes, a modulus with the ROCA fault is a power of 65537. By chance, one in
# 2^27 moduli is.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def refuse_weak_rsa(numbers: rsa.RSAPublicNumbers) -> None:
    """Raise MalformedError `jwk_invalid` unless modulus and exponent are in the accepted range."""
    n, e = numbers.n, numbers.e
    if not MIN_RSA_BITS <= n.bit_length() <= MAX_RSA_BITS:
        raise _weak(f"an RSA modulus must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
    if e < 3 or e % 2 == 0 or e.bit_length() > MAX_RSA_EXPONENT_BITS:
        raise _weak("an RSA exponent must be odd, at least 3 and below 2^64")
    if math.gcd(n, _SMALL_FACTORS) != 1:
        raise _weak("the RSA modulus has a small factor")
    if _is_perfect_power(n):
        raise _weak("the RSA modulus is a power of a smaller number")
    if all(n % prime in powers for prime, powers in _roca_powers().items()):
        raise _weak("a faulty library generated the RSA key (CVE-2017-15361)")


def _is_perfect_power(n: int) -> bool:
    """Tell whether n = base^k with k > 1; n has no factor below 2^9, so k has an upper bound.

    Most exponents are excluded by a remainder: modulo a prime r with k | r − 1, a k-th power to the
    power of (r − 1)/k is 1, or 0 if r divides it. Only for the others a root is computed.
    """
    most = n.bit_length() // _SMALLEST_FACTOR_BITS
    return any(
        all(pow(n, (r - 1) // k, r) <= 1 for r in moduli) and _has_root(n, k)
        for k, moduli in _filters()
        if k <= most
    )


def _has_root(n: int, k: int) -> bool:
    root = 1 << -(-n.bit_length() // k)  # above the root; Newton's method falls to its floor
    while (following := ((k - 1) * root + n // root ** (k - 1)) // k) < root:
        root = following
    return bool(root**k == n)


def _filter_primes(k: int) -> tuple[int, ...]:
    """Return three primes r with k | r − 1."""
    found: list[int] = []
    r = 1 + k * (752 // k)
    while len(found) < 3:
        r += k
        if _is_prime(r):
            found.append(r)
    return tuple(found)


def _is_prime(n: int) -> bool:
    return all(n % d for d in range(2, math.isqrt(n) + 1))


@cache  # 15 ms, with the first RSA key
def _filters() -> list[tuple[int, tuple[int, ...]]]:
    """Return each prime exponent that a modulus can have, with the primes that exclude it."""
    exponents = range(2, MAX_RSA_BITS // _SMALLEST_FACTOR_BITS + 1)
    return [(k, _filter_primes(k)) for k in exponents if _is_prime(k)]


@cache
def _roca_powers() -> dict[int, set[int]]:
    """Return the powers of 65537 modulo each prime."""
    return {prime: {pow(65537, k, prime) for k in range(prime)} for prime in _ROCA_PRIMES}


def _weak(detail: str) -> MalformedError:
    return MalformedError("jwk_invalid", detail)
