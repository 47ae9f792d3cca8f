// FFHQ alignment: the square around a face, and the crop that a network reads.
// The same numbers as tf_fsgd/images/alignment.py.

/**
 * @param {number[][]} points Left eye, right eye (as seen), nose, mouth: [x, y] each.
 * @returns {{x, y, half, angle}} Centre, half side, and turn of the square in radians.
 */
export function ffhqSquare([left, right, , mouth]) {
  const eyes = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const across = [right[0] - left[0], right[1] - left[1]];
  const down = [mouth[0] - eyes[0], mouth[1] - eyes[1]];
  // The horizontal axis: the eye line, corrected by the normal of the eye-mouth line.
  const axis = [across[0] + down[1], across[1] - down[0]];
  return {
    x: eyes[0] + 0.1 * down[0],
    y: eyes[1] + 0.1 * down[1],
    half: Math.max(2 * Math.hypot(...across), 1.8 * Math.hypot(...down)),
    angle: Math.atan2(axis[1], axis[0]),
  };
}

/** Corners in the order of tf_fsgd: top left, bottom left, bottom right, top right. */
export function corners({ x, y, half, angle }) {
  const [c, s] = [half * Math.cos(angle), half * Math.sin(angle)];
  return [
    [x - c + s, y - s - c],
    [x - c - s, y - s + c],
    [x + c - s, y + s + c],
    [x + c + s, y + s - c],
  ];
}

/** Mirrors an index into 0..length-1, endlessly. */
function mirrored(index, length) {
  const i = ((index % (2 * length)) + 2 * length) % (2 * length);
  return Math.min(i, 2 * length - 1 - i);
}

/**
 * Cuts a turned square out of a picture; what lies outside is mirrored.
 *
 * @param {ImageData} image
 * @param {object} square As `ffhqSquare` returns it.
 * @param {number} size Side of the result in pixels.
 * @returns {Uint8ClampedArray} size x size x 3.
 */
export function cropSquare(image, square, size) {
  let ratio = (2 * square.half) / size;
  let [source, offset, factor] = [image, [0, 0], 1];
  if (ratio >= 4) {
    factor = Math.floor(ratio / 2);
    [source, offset] = reduced(image, corners(square), factor);
    ratio /= factor;
  }
  // Samples denser than the detail, then a proper filter, so that nothing aliases.
  const dense = Math.ceil(size * Math.max(1, 1.3 * ratio));
  const local = {
    x: (square.x - offset[0]) / factor,
    y: (square.y - offset[1]) / factor,
    half: square.half / factor,
    angle: square.angle,
  };
  return shrunk(sampled(source, local, dense), dense, size);
}

/** The square's surroundings, averaged over blocks of factor x factor pixels. */
function reduced({ data, width, height }, points, factor) {
  const low = [0, 1].map((k) => Math.floor(Math.min(...points.map((p) => p[k]))) - 4);
  const high = [0, 1].map((k) => Math.ceil(Math.max(...points.map((p) => p[k]))) + 4);
  const [w, h] = [0, 1].map((k) => Math.ceil((high[k] - low[k]) / factor));
  const result = new Float32Array(w * h * 4);
  const columns = Array.from({ length: w * factor }, (_, i) =>
    4 * mirrored(low[0] + i, width),
  );
  for (let y = 0; y < h * factor; y++) {
    const row = 4 * width * mirrored(low[1] + y, height);
    for (let x = 0; x < w * factor; x++) {
      const from = row + columns[x];
      const to = 4 * (Math.floor(y / factor) * w + Math.floor(x / factor));
      for (let k = 0; k < 3; k++) result[to + k] += data[from + k];
    }
  }
  for (let i = 0; i < result.length; i++) result[i] /= factor * factor;
  return [{ data: result, width: w, height: h }, low];
}

/** Catmull-Rom samples at the centres of size x size cells of a square. */
function sampled({ data, width, height }, square, size) {
  const result = new Float32Array(size * size * 3);
  const [origin] = corners(square);
  const step = (2 * square.half) / size;
  const [c, s] = [step * Math.cos(square.angle), step * Math.sin(square.angle)];
  const [wx, wy, columns] = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]];
  for (let v = 0, to = 0; v < size; v++) {
    for (let u = 0; u < size; u++, to += 3) {
      const x = origin[0] + (u + 0.5) * c - (v + 0.5) * s - 0.5;
      const y = origin[1] + (u + 0.5) * s + (v + 0.5) * c - 0.5;
      const [left, top] = [Math.floor(x), Math.floor(y)];
      cubic(x - left, wx);
      cubic(y - top, wy);
      for (let i = 0; i < 4; i++) columns[i] = 4 * mirrored(left - 1 + i, width);
      for (let j = 0; j < 4; j++) {
        const row = 4 * width * mirrored(top - 1 + j, height);
        for (let i = 0; i < 4; i++) {
          const weight = wx[i] * wy[j];
          const from = row + columns[i];
          result[to] += weight * data[from];
          result[to + 1] += weight * data[from + 1];
          result[to + 2] += weight * data[from + 2];
        }
      }
    }
  }
  return result;
}

function cubic(t, weights) {
  weights[0] = t * (t * (2 - t) - 1) / 2;
  weights[1] = (t * t * (3 * t - 5) + 2) / 2;
  weights[2] = t * (t * (4 - 3 * t) + 1) / 2;
  weights[3] = t * t * (t - 1) / 2;
}

/** Lanczos reduction of from x from x 3 samples to size x size pixels. */
function shrunk(samples, from, size) {
  const kernels = lanczos(from, size);
  const wide = new Float32Array(from * size * 3);
  for (let y = 0; y < from; y++) {
    for (let x = 0; x < size; x++) {
      const { first, weights } = kernels[x];
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) {
          sum += weights[i] * samples[3 * (y * from + first + i) + k];
        }
        wide[3 * (y * size + x) + k] = sum;
      }
    }
  }
  const result = new Uint8ClampedArray(size * size * 3);
  for (let y = 0; y < size; y++) {
    const { first, weights } = kernels[y];
    for (let x = 0; x < 3 * size; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) {
        sum += weights[i] * wide[3 * size * (first + i) + x];
      }
      result[3 * size * y + x] = sum;
    }
  }
  return result;
}

function lanczos(from, size) {
  const scale = from / size;
  const sinc = (t) => (t ? Math.sin(Math.PI * t) / (Math.PI * t) : 1);
  return Array.from({ length: size }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.round(centre - 3 * scale));
    const last = Math.min(from, Math.round(centre + 3 * scale));
    const weights = Float32Array.from({ length: last - first }, (_, i) => {
      const t = (first + i + 0.5 - centre) / scale;
      return Math.abs(t) < 3 ? sinc(t) * sinc(t / 3) : 0;
    });
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
