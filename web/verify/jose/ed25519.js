// Mirrors ledger.jose.ed25519: Ed25519's strict form, checked before the browser verifies.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * power(121666n, P - 2n));
const SQRT_MINUS_ONE = power(2n, (P - 1n) / 4n);
const Y_BITS = 2n ** 255n - 1n;
// The y coordinates of the eight points of order 1, 2, 4 and 8, for both sign bits.
const ORDER_8_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const SMALL_ORDER_Y = [0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y];

function mod(number) {
  const rest = number % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % P;
    if (bit === "1") result = (result * base) % P;
  }
  return result;
}

const littleEndian = (bytes) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** Tell whether 32 bytes have a canonical y (below p) that no small-order point has. */
export function isStrongEncoding(bytes) {
  const y = littleEndian(bytes) & Y_BITS;
  return bytes.length === 32 && y < P && !SMALL_ORDER_Y.includes(y);
}

/** Tell whether R is a strong encoding and S is below L; nothing is verified. */
export function isStrictSignature(bytes) {
  return (
    bytes.length === 64 &&
    littleEndian(bytes.subarray(32)) < L &&
    isStrongEncoding(bytes.subarray(0, 32))
  );
}

/** Tell whether 32 bytes encode a point of the subgroup of order L. */
export function isPrimeOrder(bytes) {
  if (!isStrongEncoding(bytes)) return false;
  const point = decode(bytes);
  if (point === null) return false;
  let sum = [0n, 1n, 1n, 0n];
  for (const bit of L.toString(2)) {
    sum = double(sum);
    if (bit === "1") sum = add(sum, point);
  }
  const [x, y, z] = sum;
  return mod(x) === 0n && mod(y - z) === 0n;
}

/** Return the point (RFC 8032 section 5.1.3) as [X, Y, Z, T]; null if none has this encoding. */
function decode(bytes) {
  const number = littleEndian(bytes);
  const [sign, y] = [number >> 255n, number & Y_BITS];
  const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)];
  let x = mod(u * power(v, 3n) * power(mod(u * power(v, 7n)), (P - 5n) / 8n));
  if (mod(v * x * x + u) === 0n) x = mod(x * SQRT_MINUS_ONE);
  if (mod(v * x * x - u) !== 0n) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

// Extended coordinates (RFC 8032 section 5.1.4).
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const [a, b] = [mod((y1 - x1) * (y2 - x2)), mod((y1 + x1) * (y2 + x2))];
  const [c, d] = [mod(2n * t1 * t2 * D), mod(2n * z1 * z2)];
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function double([x, y, z]) {
  const [a, b] = [mod(x * x), mod(y * y)];
  const h = a + b;
  const [e, g] = [h - (x + y) * (x + y), a - b];
  const f = 2n * z * z + g;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
