"""Detect RSA moduli that are easy to factor: a small prime factor, or a perfect power.

This does not prove strength: only the owner knows that a modulus has two large factors. Without
this check many libraries accept a modulus such as 3^1292, because its length is right.
"""

import math

MAX_SMALL_PRIME = 1_024

_PRIMES = [n for n in range(2, MAX_SMALL_PRIME) if all(n % d for d in range(2, math.isqrt(n) + 1))]
_PRODUCT = math.prod(_PRIMES)


def is_weak(modulus: int) -> bool:
    """Tell whether a modulus has a prime factor below 1,024 or is a perfect power."""
    if math.gcd(modulus, _PRODUCT) != 1:
        return True
    if math.isqrt(modulus) ** 2 == modulus:
        return True
    # All factors are above 2^10, so the exponent is at most a tenth of the bits.
    limit = modulus.bit_length() // 10
    return any(_is_power(modulus, k) for k in _PRIMES if 2 < k <= limit)


def _is_power(modulus: int, k: int) -> bool:
    """Tell whether an odd number is a k-th power, k odd.

    Modulo 2^bits an odd number has exactly one k-th root. Newton's iteration finds its inverse y
    (modulus · y^k = 1) and doubles the number of correct bits in each round. An integer root has
    fewer than `bits` bits, so it must be this one.
    """
    bits = -(-modulus.bit_length() // k)
    ring = 1 << bits
    low, inverse, y = modulus % ring, pow(k, -1, ring), 1
    for _ in range(bits.bit_length()):
        y = y * (1 + (1 - low * pow(y, k, ring)) * inverse) % ring
    power: int = (low * pow(y, k - 1, ring) % ring) ** k
    return power == modulus
