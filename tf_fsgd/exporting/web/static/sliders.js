// One slider for every axis of the network, named at both ends.

/**
 * @param {HTMLElement} parent
 * @param {object[]} axes Of model.json: {ends: [text, text], minimum, maximum}.
 * @param {function(number[])} onChange Gets the positions.
 */
export function buildSliders(parent, axes, onChange) {
  const inputs = [];
  const read = () => inputs.map((input) => Number(input.value));
  const show = () => {
    for (const [number, input] of inputs.entries()) {
      const amount = Math.abs(input.value).toFixed(2);
      const end = axes[number].ends[input.value < 0 ? 0 : 1];
      input.previousElementSibling.children[1].textContent = amount;
      const share = (value) => (100 * (value - input.min)) / (input.max - input.min);
      const [from, to] = [share(0), share(input.value)].sort((a, b) => a - b);
      input.style.setProperty("--from", `${from}%`);
      input.style.setProperty("--to", `${to}%`);
      input.setAttribute("aria-valuetext", Number(amount) ? `${end} ${amount}` : "0");
    }
  };
  for (const [number, { ends, minimum, maximum }] of axes.entries()) {
    const box = document.createElement("div");
    box.className = "slider";
    const row = document.createElement("div");
    row.className = "ends";
    row.append(...["span", "output", "span"].map((tag) => document.createElement(tag)));
    [row.children[0].textContent, row.children[2].textContent] = ends;
    const input = document.createElement("input");
    Object.assign(input, { type: "range", id: `axis-${number}` });
    Object.assign(input, { min: minimum, max: maximum, step: 0.05, value: 0 });
    input.setAttribute("aria-label", `${ends[0]} to ${ends[1]}`);
    input.addEventListener("input", () => {
      show();
      onChange(read());
    });
    input.addEventListener("dblclick", () => {
      input.value = 0;
      input.dispatchEvent(new Event("input"));
    });
    box.append(row, input);
    parent.append(box);
    inputs.push(input);
  }
  const write = (values) => {
    inputs.forEach((input, i) => (input.value = values[i]));
    show();
  };
  show();
  return { read, write };
}
