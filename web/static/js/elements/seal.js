// Shows a digest: its hex in groups, and a figure drawn from it. The figure helps to notice another
// digest; only the hex decides.

import { el, svg } from "../lib/dom.js";

const STEPS = 240;

/** Return 64 hex characters as 8 groups of 8 with spaces between them. */
export function grouped(hex) {
  return hex.match(/.{8}/g).flatMap((group) => [el("span", {}, group), " "]);
}

/** Return the seal of 64 hex characters: four woven rings, each shaped by 8 of its bytes. */
export function seal(hex) {
  const rings = hex.match(/.{16}/g).map((part, ring) => {
    const shape = part.match(/../g).map((pair) => parseInt(pair, 16));
    const d = [1, -1].map((side) => weave(shape, 14 + ring * 9, side)).join("");
    return svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 0.6 });
  });
  return svg("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" }, ...rings);
}

/** Return a closed path: two waves around a circle, the first of them mirrored by `side`. */
function weave([count, reach, phase, fine, small, turn, lift, last], radius, side) {
  const petals = 5 + (count % 11);
  const points = Array.from({ length: STEPS }, (_, step) => {
    const angle = (step / STEPS) * 2 * Math.PI;
    const wave = (3 + reach / 64) * Math.sin(petals * angle * side + phase / 41);
    const ripple = (0.5 + small / 128) * Math.sin(petals * (2 + (fine % 2)) * angle + (turn ^ last) / 41);
    const distance = radius + lift / 128 + wave + ripple;
    return [Math.cos(angle), Math.sin(angle)].map((n) => (50 + distance * n).toFixed(1)).join(" ");
  });
  return `M${points.join("L")}Z`;
}
