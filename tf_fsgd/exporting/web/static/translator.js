// The network that edits a face: pixels and slider positions in, pixels out.

import { fetchBytes, openBest, run } from "./runtime.js";

export class Translator {
  /** @param {object} facts model.json: file, resolution, axes. */
  static async open(facts, gpu) {
    const bytes = await fetchBytes(facts.file);
    const translator = new Translator(facts);
    const count = facts.axes.length;
    const samples = [0.2, 0.9].map((phase, number) =>
      translator.inputs(pattern(facts.resolution, phase), Array(count).fill(number)),
    );
    Object.assign(translator, await openBest(bytes, gpu, samples));
    return translator;
  }

  constructor(facts) {
    this.facts = facts;
  }

  /** Strengths in the network's units: a slider's two ends may have different ones. */
  strengths(values) {
    return Float32Array.from(values, (value, i) => {
      const { units } = this.facts.axes[i];
      return value * (value < 0 ? units[0] : units[1]);
    });
  }

  inputs(image, values) {
    const side = this.facts.resolution;
    const data = this.strengths(values);
    return {
      image: { data: image, shape: [1, side, side, 3] },
      strengths: { data, shape: [1, data.length] },
    };
  }

  /**
   * @param {Uint8ClampedArray} rgb An aligned face, side x side x 3.
   * @param {number[]} values Of the sliders, -1.5 to 1.5; 0 is the face itself.
   * @returns {{rgb: Uint8ClampedArray, milliseconds: number}}
   */
  async translate(rgb, values) {
    const started = performance.now();
    const image = Float32Array.from(rgb, (level) => level / 127.5 - 1);
    const inputs = this.inputs(image, values);
    let output;
    try {
      output = (await run(this.network, inputs)).image;
      if (!Number.isFinite(output[0])) throw new Error("no picture");
    } catch (error) {
      // A GPU may go away at any time, with a driver's restart or a sleeping laptop.
      if (!this.reference) throw error;
      this.note = `WebGPU stopped: ${error.message}`;
      Object.assign(this, { network: this.reference, backend: "WebAssembly" });
      this.reference = null;
      output = (await run(this.network, inputs)).image;
    }
    const result = new Uint8ClampedArray(rgb.length);
    for (let i = 0; i < rgb.length; i++) result[i] = (output[i] + 1) * 127.5;
    return { rgb: result, milliseconds: performance.now() - started };
  }
}

/** A smooth picture in [-1, 1] on which a wrong convolution shows. */
function pattern(side, phase) {
  const image = new Float32Array(side * side * 3);
  for (let i = 0; i < image.length; i++) {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    image[i] = 0.8 * Math.sin((6 * (x + 1) * (i % 3 + 1)) / side + phase * y * 0.1);
  }
  return image;
}
