// Mirrors ledger.webauthn_grammar.rsa_modulus: finds RSA moduli that anybody can factor, by a small
// prime factor or as a perfect power. It does not prove that others are strong.

const MAX_SMALL_PRIME = 1_024;
const PRIMES = [];
for (let n = 2; n < MAX_SMALL_PRIME; n += 1) {
  if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
}

/** Return the whole number of big-endian bytes. */
export function toBigInt(bytes) {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return BigInt(`0x0${hex}`);
}

const bitLength = (number) => number.toString(2).length;

/** Tell whether a modulus has a prime factor below 1,024 or is a power of another number. */
export function isWeakModulus(modulus) {
  if (PRIMES.some((prime) => modulus % BigInt(prime) === 0n)) return true;
  if (squareRoot(modulus) ** 2n === modulus) return true;
  // Its factors are above 2^10, so no exponent is above a tenth of the bits.
  const bits = bitLength(modulus);
  return PRIMES.some((k) => k > 2 && k <= bits / 10 && isPower(modulus, BigInt(k), bits));
}

/** Return the square root, rounded down. */
function squareRoot(number) {
  let root = 1n << BigInt(Math.ceil(bitLength(number) / 2));
  for (;;) {
    const next = (root + number / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/**
 * Tell whether an odd number is a k-th power, k odd. Modulo 2^width an odd number has one k-th root.
 * Newton's iteration finds its inverse y, with 1 = modulus · y^k, and doubles the right bits each
 * round. If there is a whole root, it is shorter than `width`, so it is this one.
 */
function isPower(modulus, k, bits) {
  const width = Math.ceil(bits / Number(k));
  const wrap = (number) => BigInt.asUintN(width, number);
  const low = wrap(modulus);
  let [inverse, y] = [1n, 1n];
  for (let right = 1; right <= 2 * width; right *= 2) inverse = wrap(inverse * (2n - k * inverse));
  for (let right = 1; right <= 2 * width; right *= 2) {
    y = wrap(y * (1n + (1n - low * power(y, k, wrap)) * inverse));
  }
  return wrap(low * power(y, k - 1n, wrap)) ** k === modulus;
}

function power(base, exponent, wrap) {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = wrap(result * result);
    if (bit === "1") result = wrap(result * base);
  }
  return result;
}
