// Reads a picture that the user has chosen, dropped or pasted.

// What every browser's canvas can hold: iOS stops at 16.7 million pixels.
const SAFE_PIXELS = 16_000_000;

/**
 * @param {Blob} file
 * @returns {{canvas: HTMLCanvasElement, image: ImageData, reduced: boolean}}
 * @throws {Error} With a line for the user.
 */
export async function readPhoto(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${file.name || "This"} is not a picture that the browser can read.`);
  }
  const full = drawn(bitmap, 1);
  if (full) return { ...full, reduced: false };
  const share = Math.sqrt(SAFE_PIXELS / (bitmap.width * bitmap.height));
  const smaller = share < 1 && drawn(bitmap, share);
  if (!smaller) throw new Error("The picture is too large for this browser.");
  return { ...smaller, reduced: true };
}

/** Null where the browser cannot hold so large a canvas. */
function drawn(bitmap, share) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * share));
  canvas.height = Math.max(1, Math.round(bitmap.height * share));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  // Transparent pictures lie on white, as in tf_fsgd.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  try {
    const image = context.getImageData(0, 0, canvas.width, canvas.height);
    // A canvas beyond the browser's limit stays empty without an error.
    return image.data.at(-1) === 255 ? { canvas, image } : null;
  } catch {
    return null;
  }
}

/** Calls back with pictures that are chosen, dropped anywhere, or pasted. */
export function watchPhotos(input, dropZone, onPhoto) {
  const first = (files) => {
    const file = [...files].find(({ type }) => type.startsWith("image/")) ?? files[0];
    if (file) onPhoto(file);
  };
  input.addEventListener("change", () => {
    first(input.files);
    input.value = ""; // so that the same file may be chosen again
  });
  document.addEventListener("paste", (event) => first(event.clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    dropZone.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) dropZone.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropZone.classList.remove("dropping");
    first(event.dataTransfer.files);
  });
}
