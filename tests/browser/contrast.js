// The contrast (WCAG 2.2) of one example of each kind of text with the nearest painted colour behind it.
() => {
  const examples = [
    "h1", ".lead", ".about", ".tiles small", ".tiles .u b", ".tiles .n b", ".loud strong", ".none", ".spans em", ".models .open", ".message", ".facts",
    ".failure .count b", ".declared .kind", ".unexpected_pass .kind", ".chip", ".grid thead th", ".w button", ".p button", ".f button", ".x button", ".d button",
    ".grid .u button", "footer p", ".told", ".told em", ".told b", ".why", ".why.machine", ".reasons span", ".axis th:last-child", ".marks .w", ".marks .f", ".marks .d", ".marks .x", ".marks .p",
    ".marks .u", ".marks .b", ".marks .s", ".tag",
  ];
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = rgba(colour).map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const found = {};
  for (const example of examples) {
    const element = document.querySelector(example);
    if (!element) continue;
    const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((one, other) => other - one);
    found[example] = Math.round(((pair[0] + 0.05) / (pair[1] + 0.05)) * 100) / 100;
  }
  return found;
}
