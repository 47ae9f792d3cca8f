// Wires the page: one photo or the camera, its faces, the sliders, and the two views.

import { watchHands } from "./adjust.js";
import { cropSquare, ffhqSquare } from "./align.js";
import { Follower, openCamera } from "./camera.js";
import { FaceDetector } from "./detector.js";
import { pasteChange } from "./paste.js";
import { readPhoto, watchPhotos } from "./photo.js";
import { start } from "./runtime.js";
import { buildSliders } from "./sliders.js";
import { Translator } from "./translator.js";

const $ = (id) => document.getElementById(id);
const say = (text) => ($("status").textContent = text);

const FORMAT = "tf_fsgd web 2"; // as in site.py

let facts, translator, detector, sliders;
let photo = null; // {canvas, image}
let faces = []; // {square, values, before, after}
let chosen = 0;
let camera = null;
let faceOnly = false;
let adjusting = false;
let work = Promise.resolve(); // edits, one after another
let waiting = null; // the next of them

async function begin() {
  facts = await (await fetch("model.json")).json();
  if (facts.format !== FORMAT) {
    throw new Error(`model.json is of ${facts.format}, the page of ${FORMAT}. Export both.`);
  }
  sliders = buildSliders($("sliders"), facts.axes, onSliders);
  const wanted = new URLSearchParams(location.search).get("backend");
  const gpu = await start(wanted);
  detector = await FaceDetector.open(facts.detector);
  translator = await Translator.open(facts, gpu);
  say("Ready. Choose a photo with a face, or switch on the camera.");
  timing();
  document.documentElement.dataset.ready = translator.backend;
}

function timing(milliseconds) {
  const speed = milliseconds ? `${milliseconds.toFixed(0)} ms a face, ` : "";
  const note = translator.note ? ` (${translator.note})` : "";
  $("timing").textContent = `${speed}${translator.backend}${note}, ${facts.name}`;
}

/** Does one thing after another; of edits that wait, only the last is worth doing. */
function soon(job) {
  if (!waiting) {
    work = work.then(async () => {
      const next = waiting;
      waiting = null;
      await next().catch(fail);
    });
  }
  waiting = job;
}

function fail(error) {
  say(error.message);
}

async function openPhoto(file) {
  if (!translator) return;
  stopCamera();
  say("Looking for faces …");
  const read = await readPhoto(file);
  photo = read;
  setAdjusting(false);
  const found = await detector.detect(photo.canvas, photo.image);
  faces = found.map(({ points }) => newFace(ffhqSquare(points)));
  chosen = largest();
  window.detected = found; // for the console and the tests
  const size = read.reduced ? " Scaled down to what this browser can hold." : "";
  if (faces.length) {
    const count = faces.length === 1 ? "One face" : `${faces.length} faces`;
    say(`${count} found. Move the sliders.${size}`);
  } else {
    const { width, height } = photo.image;
    const half = Math.min(width, height) / 2;
    faces = [newFace({ x: width / 2, y: height / 2, half, angle: 0 })];
    chosen = 0;
    say(`No face found: align it by hand.${size}`);
    setAdjusting(true);
  }
  sliders.write(faces[chosen].values);
  await edit(faces[chosen]);
  show();
}

const newFace = (square) => ({ square, values: facts.axes.map(() => 0), before: null });

const largest = () =>
  faces.reduce((best, face, i) => (face.square.half > faces[best].square.half ? i : best), 0);

async function edit(face) {
  face.before ??= cropSquare(photo.image, face.square, facts.resolution);
  const { rgb, milliseconds } = await translator.translate(face.before, face.values);
  face.after = rgb;
  timing(milliseconds);
}

function onSliders(values) {
  if (!faces.length) return;
  faces[chosen].values = values;
  if (!camera) soon(async () => (await edit(faces[chosen]), show()));
}

/** The whole photo with every edited face. */
function edited() {
  const { data, width, height } = photo.image;
  const image = new ImageData(data.slice(), width, height);
  for (const { square, before, after, values } of faces) {
    if (after && values.some(Boolean)) {
      pasteChange(image, square, before, after, facts.resolution);
    }
  }
  return image;
}

function show() {
  const side = facts.resolution;
  const face = faces[chosen];
  if ((faceOnly || adjusting) && face?.before) {
    draw($("before"), rgba(face.before, side));
    draw($("after"), rgba(adjusting ? face.before : face.after, side));
  } else {
    draw($("before"), photo.image);
    draw($("after"), edited());
  }
  const { width, height } = $("after");
  $("stage").style.setProperty("--width", `${width}px`);
  $("stage").style.setProperty("--ratio", width / height);
  $("stage").classList.remove("empty");
  for (const part of $("stage").querySelectorAll(".split, .line, .tag")) {
    part.hidden = adjusting;
  }
  $("guides").hidden = !adjusting;
  $("next").hidden = faces.length < 2 || Boolean(camera);
  $("adjust").disabled = Boolean(camera);
  for (const id of ["view", "reset", "download"]) $(id).disabled = false;
  document.documentElement.dataset.shown = faces[chosen]?.values.join(" ");
}

function draw(canvas, image) {
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function rgba(rgb, side) {
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = rgb[3 * i + k];
    image.data[4 * i + 3] = 255;
  }
  return image;
}

function setAdjusting(on) {
  adjusting = on;
  $("adjust").setAttribute("aria-pressed", on);
  $("hand").hidden = !on;
  $("stage").classList.toggle("adjusting", on);
  if (on) $("stage").tabIndex = 0;
  else $("stage").removeAttribute("tabindex");
  if (on && faces[chosen]) syncHands();
}

function syncHands() {
  const { half, angle } = faces[chosen].square;
  $("zoom").value = -Math.log2((2 * half) / Math.min(photo.image.width, photo.image.height));
  $("turn").value = (angle * 180) / Math.PI;
}

function onHands(square) {
  const face = faces[chosen];
  Object.assign(face, { square, before: null });
  syncHands();
  soon(async () => (await edit(face), show()));
}

async function toggleCamera() {
  if (camera) return stopCamera();
  if (!translator) return;
  setAdjusting(false);
  const follower = new Follower(detector);
  faces = [newFace(null)];
  faces[0].values = sliders.read();
  chosen = 0;
  camera = await openCamera(async (canvas, image) => {
    const started = performance.now();
    photo = { canvas, image };
    const points = await follower.follow(canvas, image);
    Object.assign(faces[0], { before: null, after: null });
    if (points) {
      faces[0].square = ffhqSquare(points);
      await edit(faces[0]);
    }
    show();
    const rate = 1000 / (performance.now() - started);
    say(points ? `Live, ${rate.toFixed(0)} frames a second.` : "No face in view.");
  });
  $("camera").setAttribute("aria-pressed", true);
  $("camera").textContent = "Freeze";
  camera.done.catch((error) => (stopCamera(), fail(error)));
}

function stopCamera() {
  camera?.stop();
  camera = null;
  $("camera").setAttribute("aria-pressed", false);
  $("camera").textContent = "Camera";
  $("adjust").disabled = !photo;
}

function download() {
  const canvas = document.createElement("canvas");
  draw(canvas, faceOnly ? rgba(faces[chosen].after, facts.resolution) : edited());
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "edited.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, "image/png");
}

watchPhotos($("file"), $("stage"), (file) => openPhoto(file).catch(fail));
watchHands($("stage"), () => (adjusting ? faces[chosen].square : null), onHands);
$("camera").addEventListener("click", () => toggleCamera().catch(fail));
$("split").addEventListener("input", ({ target }) => {
  $("stage").style.setProperty("--split", `${target.value}%`);
  $("before").style.clipPath = `inset(0 ${100 - target.value}% 0 0)`;
});
$("split").dispatchEvent(new Event("input"));
$("view").addEventListener("click", () => {
  faceOnly = !faceOnly;
  $("view").setAttribute("aria-pressed", faceOnly);
  show();
});
$("adjust").addEventListener("click", () => {
  setAdjusting(!adjusting);
  show();
});
$("next").addEventListener("click", () => {
  chosen = (chosen + 1) % faces.length;
  sliders.write(faces[chosen].values);
  soon(async () => (await edit(faces[chosen]), show()));
});
$("reset").addEventListener("click", () => {
  sliders.write(facts.axes.map(() => 0));
  onSliders(sliders.read());
});
$("download").addEventListener("click", download);
$("zoom").addEventListener("input", ({ target }) => {
  const { width, height } = photo.image;
  onHands({ ...faces[chosen].square, half: Math.min(width, height) / 2 ** target.value / 2 });
});
$("turn").addEventListener("input", ({ target }) =>
  onHands({ ...faces[chosen].square, angle: (target.value * Math.PI) / 180 }),
);

begin().catch((error) => say(`The page cannot run here: ${error.message}`));
