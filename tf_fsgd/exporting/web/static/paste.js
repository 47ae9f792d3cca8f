// Puts an edited face back: adds what the network has changed to the photo's own
// pixels, softly at the square's edges, so that the photo keeps its resolution.

import { corners } from "./align.js";

const FEATHER = 0.1; // of the square's side

/**
 * @param {ImageData} image The photo; changed in place.
 * @param {object} square Where the face was cut.
 * @param {Uint8ClampedArray} before The cut, side x side x 3.
 * @param {Uint8ClampedArray} after The same, edited.
 * @param {number} side
 * @returns {number[]} Left, top, width and height of what may have changed.
 */
export function pasteChange(image, square, before, after, side) {
  const { data, width, height } = image;
  const change = Float32Array.from(after, (level, i) => level - before[i]);
  const points = corners(square);
  const bound = (k, most) => [
    Math.max(0, Math.floor(Math.min(...points.map((p) => p[k])))),
    Math.min(most, Math.ceil(Math.max(...points.map((p) => p[k])))),
  ];
  const [[left, right], [top, bottom]] = [bound(0, width), bound(1, height)];
  const [c, s] = [Math.cos(square.angle), Math.sin(square.angle)];
  const full = 2 * square.half;
  for (let py = top; py < bottom; py++) {
    for (let px = left; px < right; px++) {
      const [dx, dy] = [px + 0.5 - square.x, py + 0.5 - square.y];
      const u = (dx * c + dy * s) / full + 0.5;
      const v = (dy * c - dx * s) / full + 0.5;
      const edge = Math.min(u, 1 - u, v, 1 - v);
      if (edge <= 0) continue;
      const t = Math.min(1, edge / FEATHER);
      const opacity = t * t * (3 - 2 * t);
      // Bilinear: a change is smoother than a face. Clamped in its outer half pixel.
      const x = Math.min(side - 1, Math.max(0, u * side - 0.5));
      const y = Math.min(side - 1, Math.max(0, v * side - 0.5));
      const [x0, y0] = [Math.floor(x), Math.floor(y)];
      const [fx, fy] = [x - x0, y - y0];
      const a = 3 * (y0 * side + x0);
      const b = x0 + 1 < side ? a + 3 : a;
      const down = y0 + 1 < side ? 3 * side : 0;
      const to = 4 * (py * width + px);
      for (let k = 0; k < 3; k++) {
        const upper = change[a + k] + fx * (change[b + k] - change[a + k]);
        const lower =
          change[a + down + k] + fx * (change[b + down + k] - change[a + down + k]);
        data[to + k] += opacity * (upper + fy * (lower - upper));
      }
    }
  }
  return [left, top, Math.max(0, right - left), Math.max(0, bottom - top)];
}
