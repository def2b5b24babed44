// A rosette drawn from a digest: another digest, another figure. It is decoration that helps the
// eye; the hex beside it is what counts.

import { svg } from "../lib/dom.js";

const STEPS = 240;

/** Return the seal of 64 hex characters: four woven rings, each shaped by 8 of its bytes. */
export function seal(hex) {
  const bytes = hex.match(/../g).map((pair) => parseInt(pair, 16));
  const rings = [0, 1, 2, 3].map((ring) => {
    const shape = bytes.slice(ring * 8, ring * 8 + 8);
    const d = weave(shape, 14 + ring * 9, 1) + weave(shape, 14 + ring * 9, -1);
    return svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 0.6 });
  });
  return svg("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" }, ...rings);
}

/** Return a closed path: two waves around a circle, the second of them mirrored by `side`. */
function weave([count, reach, phase, fine, small, turn, lift, last], radius, side) {
  const outer = 5 + (count % 11);
  const inner = outer * (2 + (fine % 2));
  const points = Array.from({ length: STEPS }, (_, step) => {
    const angle = (step / STEPS) * 2 * Math.PI;
    const wave = (3 + reach / 64) * Math.sin(outer * angle * side + (phase * Math.PI) / 128);
    const ripple = (0.5 + small / 128) * Math.sin(inner * angle + ((turn ^ last) * Math.PI) / 128);
    const distance = radius + lift / 128 + wave + ripple;
    return `${(50 + distance * Math.cos(angle)).toFixed(1)} ${(50 + distance * Math.sin(angle)).toFixed(1)}`;
  });
  return `M${points.join("L")}Z`;
}
