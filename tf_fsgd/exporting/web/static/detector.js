// BlazeFace (MediaPipe's short range model): the faces of a photo and six key points
// of each. The same two looks as tf_fsgd/images/detection.py: tiles of a pyramid find
// candidates, and each candidate is looked at once more, upright and at its best size.

import { corners, cropSquare, ffhqSquare } from "./align.js";
import { fetchBytes, openNetwork, run } from "./runtime.js";

const SIDE = 128;
const GRIDS = [[16, 2], [8, 6]]; // cells a side, anchors in each
const SCORE = 0.5;
const SEEN_AGAIN = 0.75;
const STEP = 85; // between tiles

const ANCHORS = GRIDS.flatMap(([cells, repeats]) =>
  Array.from({ length: cells * cells * repeats }, (_, i) => {
    const cell = Math.floor(i / repeats);
    return [((cell % cells) + 0.5) / cells, (Math.floor(cell / cells) + 0.5) / cells];
  }),
);

export class FaceDetector {
  static async open(url) {
    const detector = new FaceDetector();
    // A quarter of a million weights: sending them to a GPU and back takes longer.
    detector.network = await openNetwork(await fetchBytes(url), "wasm");
    return detector;
  }

  /**
   * @param {CanvasImageSource} photo Of size width x height.
   * @param {ImageData} image Its pixels.
   * @param {number[]} sides Longest sides of the pyramid's levels.
   * @returns {object[]} Faces {box, score, points} from left to right.
   */
  async detect(photo, image, sides = [64, 128, 256, 512, 1024]) {
    const found = [];
    for (const side of sides) {
      const longest = Math.max(image.width, image.height);
      if (side > SIDE && side > longest) break;
      const scale = longest / side;
      const size = [image.width, image.height].map((n) =>
        Math.max(1, Math.round(n / scale)),
      );
      const level = scaledDown(photo, size);
      for (const top of steps(size[1])) {
        for (const left of steps(size[0])) {
          const tile = level.getImageData(left, top, SIDE, SIDE).data;
          const rgb = new Uint8ClampedArray(SIDE * SIDE * 3);
          for (let i = 0; i < SIDE * SIDE; i++) {
            for (let k = 0; k < 3; k++) rgb[3 * i + k] = tile[4 * i + k];
          }
          for (const face of await this.detectTile(rgb)) {
            const move = ([x, y]) => [(x + left) * scale, (y + top) * scale];
            found.push(mapped(face, move));
          }
        }
      }
    }
    const again = [];
    for (const face of suppress(found)) {
      again.push(await this.refine(image, face.points));
    }
    const faces = suppress(again.filter(Boolean));
    const middle = ({ points }) => points.slice(0, 4).reduce((sum, p) => sum + p[0], 0);
    return faces.sort((a, b) => middle(a) - middle(b));
  }

  /** Looks again at a face of about these key points; null where there is none. */
  async refine(image, points) {
    const square = ffhqSquare(points);
    if (!(square.half >= 4)) return null;
    const faces = await this.detectTile(cropSquare(image, square, SIDE));
    const off = ({ points }) =>
      Math.hypot(
        ...[0, 1].map((k) => points.slice(0, 4).reduce((s, p) => s + p[k] / 4, -SIDE / 2)),
      );
    const [face] = faces
      .filter(({ score }) => score >= SEEN_AGAIN)
      .sort((a, b) => off(a) - off(b));
    if (!face) return null;
    const [origin] = corners(square);
    const step = (2 * square.half) / SIDE;
    const [c, s] = [step * Math.cos(square.angle), step * Math.sin(square.angle)];
    const move = ([x, y]) => [origin[0] + x * c - y * s, origin[1] + x * s + y * c];
    const [left, top, right, bottom] = face.box;
    const [x, y] = move([(left + right) / 2, (top + bottom) / 2]);
    const [w, h] = [((right - left) * step) / 2, ((bottom - top) * step) / 2];
    return { ...mapped(face, move), box: [x - w, y - h, x + w, y + h] };
  }

  /** Faces in one view of the network, surest first; neighbours vote on each. */
  async detectTile(rgb) {
    const data = Float32Array.from(rgb, (level) => level / 127.5 - 1);
    const input = { data, shape: [1, SIDE, SIDE, 3] };
    const { regressors, classificators } = await run(this.network, { input });
    const candidates = [];
    classificators.forEach((logit, index) => {
      const score = 1 / (1 + Math.exp(-Math.min(100, Math.max(-100, logit))));
      if (score < SCORE) return;
      const raw = regressors.subarray(16 * index, 16 * index + 16);
      const [x, y] = ANCHORS[index].map((share) => share * SIDE);
      const [cx, cy, w, h] = [x + raw[0], y + raw[1], raw[2] / 2, raw[3] / 2];
      const points = [2, 3, 4, 5, 6, 7].map((k) => [x + raw[2 * k], y + raw[2 * k + 1]]);
      candidates.push({ score, points, box: [cx - w, cy - h, cx + w, cy + h] });
    });
    candidates.sort((a, b) => b.score - a.score);
    const faces = [];
    for (let rest = candidates; rest.length; ) {
      const same = (face) => face === rest[0] || union(rest[0].box, face.box) > 0.3;
      faces.push(mean(rest.filter(same)));
      rest = rest.filter((face) => !same(face));
    }
    return faces;
  }
}

function scaledDown(photo, [width, height]) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(width, SIDE);
  canvas.height = Math.max(height, SIDE);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(photo, 0, 0, width, height);
  return context;
}

/** Where tiles start that cover a side evenly. */
function steps(length) {
  const room = Math.max(0, length - SIDE);
  const count = Math.ceil(room / STEP);
  return Array.from({ length: count + 1 }, (_, i) => Math.round((room * i) / (count || 1)));
}

function mapped({ box, score, points }, move) {
  const [[left, top], [right, bottom]] = [move(box.slice(0, 2)), move(box.slice(2))];
  return { score, points: points.map(move), box: [left, top, right, bottom] };
}

function mean(votes) {
  const total = votes.reduce((sum, { score }) => sum + score, 0);
  const blend = (read) => votes.reduce((s, v) => s + (v.score / total) * read(v), 0);
  return {
    score: votes[0].score,
    box: votes[0].box.map((_, i) => blend((vote) => vote.box[i])),
    points: votes[0].points.map((_, i) =>
      [0, 1].map((k) => blend((vote) => vote.points[i][k])),
    ),
  };
}

/** Of faces that share most of the smaller box, the surest. */
function suppress(faces) {
  const kept = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score)) {
    const same = ({ box }) =>
      shared(box, face.box) > 0.5 * Math.min(area(box), area(face.box));
    if (!kept.some(same)) kept.push(face);
  }
  return kept;
}

const area = ([l, t, r, b]) => Math.max(0, r - l) * Math.max(0, b - t);

const shared = (a, b) =>
  area([0, 1, 2, 3].map((i) => Math[i < 2 ? "max" : "min"](a[i], b[i])));

const union = (a, b) => shared(a, b) / (area(a) + area(b) - shared(a, b));
