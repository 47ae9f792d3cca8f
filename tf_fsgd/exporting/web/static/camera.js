// The camera's frames, one at a time: the next is asked for when one is done.

const SMOOTHING = 0.5; // how much of a key point is the new frame's

/** Plays the camera until `stop`; `onFrame` gets a canvas and its pixels. */
export async function openCamera(onFrame) {
  if (!navigator.mediaDevices) {
    throw new Error("The camera needs a page from https or from localhost.");
  }
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" },
  });
  const video = document.createElement("video");
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let running = true;
  const stop = () => {
    running = false;
    for (const track of stream.getTracks()) track.stop();
  };
  const loop = async () => {
    while (running) {
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      // As a mirror shows it.
      context.setTransform(-1, 0, 0, 1, canvas.width, 0);
      context.drawImage(video, 0, 0);
      await onFrame(canvas, context.getImageData(0, 0, canvas.width, canvas.height));
      await new Promise(requestAnimationFrame);
    }
  };
  return { stop, done: loop().finally(stop) };
}

/** Follows the largest face from frame to frame, without trembling. */
export class Follower {
  constructor(detector) {
    this.detector = detector;
    this.points = null;
  }

  /** @returns {number[][]|null} Six key points. */
  async follow(canvas, image) {
    let face = this.points && (await this.detector.refine(image, this.points));
    if (!face) {
      this.points = null;
      const faces = await this.detector.detect(canvas, image, [64, 128, 256]);
      const width = ({ box }) => box[2] - box[0];
      [face] = faces.sort((a, b) => width(b) - width(a));
    }
    if (!face) return null;
    const old = this.points ?? face.points;
    this.points = face.points.map((point, i) =>
      point.map((value, k) => old[i][k] + SMOOTHING * (value - old[i][k])),
    );
    return this.points;
  }
}
