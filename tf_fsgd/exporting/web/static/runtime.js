// LiteRT.js: which WebAssembly build and which accelerator runs the networks.
//
// WebGPU is faster where it is right. Drivers exist on which a graph does not compile,
// gives other numbers, or is right on the first call only (LiteRT#8065), so the page
// believes it after two inferences on different inputs have matched WebAssembly's.

import { Tensor, loadAndCompile, loadLiteRt, supportsFeature } from "@litertjs/core";

const MOST_OFF = 0.06; // of [-1, 1]: 8 levels in a pixel, for GPUs that add in 16 bits
const MEAN_OFF = 0.01;

export async function openNetwork(bytes, accelerator) {
  const options = { accelerator };
  if (accelerator === "webgpu") options.gpuOptions = { precision: "fp32" };
  return loadAndCompile(bytes, options);
}

/** Runs a network; inputs and outputs by name: {data: Float32Array, shape}, data. */
export async function run(network, inputs) {
  const tensors = {};
  let outputs = {};
  try {
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      tensors[name] = new Tensor(data, shape);
    }
    outputs = await network.run(tensors);
    const results = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      results[name] = Float32Array.from(await tensor.data());
    }
    return results;
  } finally {
    // LiteRT.js frees nothing by itself.
    for (const tensor of [...Object.values(tensors), ...Object.values(outputs)]) {
      if (!tensor.deleted) tensor.delete();
    }
  }
}

/** Loads the runtime; says whether there is a GPU that it can use. */
export async function start(wanted) {
  const adapter =
    wanted === "wasm" ? null : await navigator.gpu?.requestAdapter().catch(() => null);
  // Since LiteRT.js 2.5 its GPU code needs the build with JavaScript promises
  // (LiteRT#7314). Threads would need headers that plain file servers do not send.
  const jspi = Boolean(adapter) && (await supportsFeature("jspi"));
  await loadLiteRt(new URL("litert/wasm/", document.baseURI).href, { jspi });
  return jspi;
}

export async function fetchBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Opens the translator where it runs best.
 *
 * @param {Uint8Array} bytes The .tflite file.
 * @param {boolean} gpu Whether there is a GPU to try.
 * @param {object[]} samples Two sets of inputs, as `run` takes them.
 * @returns {{network, backend: string, note: string}}
 */
export async function openBest(bytes, gpu, samples) {
  const reference = await openNetwork(bytes, "wasm");
  if (!gpu) return { network: reference, backend: "WebAssembly", note: "" };
  let network;
  let note;
  try {
    network = await openNetwork(bytes, "webgpu");
    let times;
    // The samples take turns: a wrong state left behind by the one shows in the other.
    for (const inputs of [...samples, samples[0]]) {
      const right = await timed(() => run(reference, inputs));
      const found = await timed(() => run(network, inputs));
      if (!matches(right.result.image, found.result.image)) {
        throw new Error("wrong pictures");
      }
      times = [right.milliseconds, found.milliseconds];
    }
    // A GPU that software imitates is right, and slow.
    if (times[1] > times[0]) throw new Error("slower than the processor");
    return { network, backend: "WebGPU", note: "", reference };
  } catch (error) {
    note = `WebGPU not used: ${error.message}`;
    if (network && !network.deleted) network.delete();
  }
  return { network: reference, backend: "WebAssembly", note };
}

async function timed(work) {
  const started = performance.now();
  return { result: await work(), milliseconds: performance.now() - started };
}

/** Whether two pictures of [-1, 1] are the same but for rounding; never with NaN. */
export function matches(right, found) {
  let sum = 0;
  let most = 0;
  for (let i = 0; i < right.length; i++) {
    const off = Math.abs(right[i] - found[i]);
    if (!(off <= 2)) return false;
    sum += off;
    most = Math.max(most, off);
  }
  return most <= MOST_OFF && sum / right.length <= MEAN_OFF;
}
