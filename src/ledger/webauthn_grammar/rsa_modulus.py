"""RSA moduli that anybody can factor: a small prime factor, or a perfect power.

No proof of strength: only its owner knows that a modulus has two large factors. A modulus such as
3^1292 has the right length and passes for a key in many libraries.
"""

import math

MAX_SMALL_PRIME = 1_024

_PRIMES = [n for n in range(2, MAX_SMALL_PRIME) if all(n % d for d in range(2, math.isqrt(n) + 1))]
_PRODUCT = math.prod(_PRIMES)


def is_weak(modulus: int) -> bool:
    """Tell whether a modulus has a prime factor below 1,024 or is a power of another number."""
    if math.gcd(modulus, _PRODUCT) != 1:
        return True
    if math.isqrt(modulus) ** 2 == modulus:
        return True
    # Its factors are above 2^10, so no exponent is above a tenth of the bits.
    limit = modulus.bit_length() // 10
    return any(_is_power(modulus, k) for k in _PRIMES if 2 < k <= limit)


def _is_power(modulus: int, k: int) -> bool:
    """Tell whether an odd number is a k-th power, k odd.

    Modulo 2^bits an odd number has exactly one k-th root. Newton's iteration finds its inverse y,
    with 1 = modulus · y^k, and doubles the right bits each round. If there is a whole root, it is
    shorter than `bits`, so it is this one.
    """
    bits = -(-modulus.bit_length() // k)
    ring = 1 << bits
    low, inverse, y = modulus % ring, pow(k, -1, ring), 1
    for _ in range(bits.bit_length()):
        y = y * (1 + (1 - low * pow(y, k, ring)) * inverse) % ring
    power: int = (low * pow(y, k - 1, ring) % ring) ** k
    return power == modulus
