// Alignment by hand: the square under FFHQ's frame is dragged, zoomed and turned.

const NUDGE = 0.02; // of the square's side, for an arrow key

/**
 * @param {HTMLElement} stage Shows the square; gets pointers, wheel and keys.
 * @param {function(): object|null} current The square to change; null while off.
 * @param {function(object)} onChange
 */
export function watchHands(stage, current, onChange) {
  const pointers = new Map();

  /** Moves the picture by shares of the stage's side. */
  const move = (dx, dy) => {
    const square = current();
    const full = 2 * square.half;
    const [c, s] = [Math.cos(square.angle) * full, Math.sin(square.angle) * full];
    onChange({ ...square, x: square.x - dx * c + dy * s, y: square.y - dx * s - dy * c });
  };
  const zoom = (factor) => {
    const square = current();
    onChange({ ...square, half: Math.max(8, square.half / factor) });
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  };

  stage.addEventListener("pointerdown", (event) => {
    if (!current()) return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  stage.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last || !current()) return;
    const before = pointers.size === 2 ? spread() : 0;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const side = stage.clientWidth * pointers.size;
    move((event.clientX - last.x) / side, (event.clientY - last.y) / side);
    if (before) zoom(spread() / before);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!current()) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 600));
    },
    { passive: false },
  );
  const keys = {
    ArrowLeft: () => move(-NUDGE, 0),
    ArrowRight: () => move(NUDGE, 0),
    ArrowUp: () => move(0, -NUDGE),
    ArrowDown: () => move(0, NUDGE),
    "+": () => zoom(1.05),
    "-": () => zoom(1 / 1.05),
  };
  stage.addEventListener("keydown", (event) => {
    if (!current() || event.target !== stage || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
