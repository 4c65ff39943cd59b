// The ways: a mark opens its cell at its case; arrows move; a version can be singled out.
const waysPart = document.getElementById("ways");
const wayParts = [waysPart, document.getElementById("tpu")].filter(Boolean);
const tables = document.querySelectorAll(".ways table");
const STATES = { w: "works", f: "fails", d: "fails as declared", x: "works though declared to fail", c: "crashes", t: "times out", p: "works in part", s: "skipped", o: "fails otherwise than declared", a: "does not apply", b: "doesn’t install or import", u: "unavailable here", n: "not run" };
const FATES = { w: "compiles", f: "refused by the TPU compiler", c: "the TPU compiler ends", o: "TensorFlow fails before there is a program", d: "as the case expects, without figures", x: "not as the case says", b: "doesn’t install or import", s: "skipped", u: "unavailable here", n: "not run" };
const stateOf = (box) => (box.closest(".programs") ? FATES : STATES)[box.className[0]];

const columnOf = (box) => data.versions.length - (box.parentNode.cells.length - box.cellIndex);
const marked = (target) => target.closest?.(".ways tr[data-way] > td[class]:not(.told)");

function openWay(box) {
  const [id, cells] = data.ways[box.parentNode.dataset.way];
  reach(box);
  openCell(ofModel(cells[columnOf(box)]), box, id);
}

// The cell beside this one with the model that was chosen: the line stands for both, if it is about models at all.
function ofModel(place) {
  if (!wayModel?.value || place < 0 || axesOf(place).model === "none") return place;
  const [grid, row, column] = where[place];
  const [, ...others] = grid.section.columns[column];
  const wanted = [wayModel.value, ...others].join();
  return grid.rows[row].cells[grid.section.columns.findIndex((one) => one.join() === wanted)] ?? place;
}

function nameWay(box) {
  const line = box.parentNode.classList.contains("under") ? box.parentNode.previousElementSibling : box.parentNode;
  return `${line.cells[0].firstChild.textContent.trim()}, TensorFlow ${data.versions[columnOf(box)]}: ${stateOf(box)}`;
}

const named = (box) => `TensorFlow ${data.versions[columnOf(box)]}: ${stateOf(box)}${box.dataset.exact ? `, ${box.dataset.exact}` : ""}`;
for (const part of wayParts) {
  part.addEventListener("click", (event) => {
    const box = marked(event.target);
    if (box) openWay(box);
  });
  part.addEventListener("pointerover", (event) => {
    const box = marked(event.target);
    if (box) box.title = named(box);
  });
  part.addEventListener("keydown", moveOn);
}

// One tab stop a table; a mark gets its name when it is reached.
function reach(box) {
  for (const old of box.closest("table").querySelectorAll("td[tabindex]")) old.removeAttribute("tabindex");
  box.tabIndex = 0;
  box.setAttribute("role", "button");
  box.setAttribute("aria-label", nameWay(box));
}

for (const table of tables) {
  const first = table.querySelector("tr[data-way] > td[class]:not(.told)");
  if (first) reach(first);
}

function besideWay(box, [down, across]) {
  const rows = [...box.closest("table").querySelectorAll("tr[data-way]:not([hidden])")];
  let row = rows.indexOf(box.parentNode);
  let column = columnOf(box);
  const at = (r, c) => rows[r].cells[rows[r].cells.length - data.versions.length + c];
  if (Math.abs(across) > 1) {
    const line = [...rows[row].cells].filter((one) => marked(one));
    return across < 0 ? line[0] : line.at(-1);
  }
  for (row += down, column += across; row >= 0 && row < rows.length && column >= 0 && column < data.versions.length; row += down, column += across) {
    if (marked(at(row, column))) return at(row, column);
  }
  return box;
}

function moveOn(event) {
  const box = marked(event.target);
  if (!box || event.ctrlKey || event.altKey || event.metaKey) return;
  const step = STEPS[event.key];
  if (!step && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  if (!step) return openWay(box);
  const next = besideWay(box, step);
  reach(next);
  next.focus();
}

// "Your TensorFlow": one rule dims every other column, however many tables there are.
const mine = document.getElementById("mine");
const sheet = document.querySelector("style").sheet;
let ruled = false;
mine.addEventListener("change", () => {
  if (ruled) for (let n = 0; n < 2; n++) sheet.deleteRule(sheet.cssRules.length - 1);
  ruled = mine.value !== "";
  if (!ruled) return;
  const nth = `:nth-last-child(${data.versions.length - Number(mine.value)})`;
  sheet.insertRule(`.ways td:not(.told):not(${nth}), .ways .axis th:not(.folder):not(${nth}) { opacity: .28; }`, sheet.cssRules.length);
  sheet.insertRule(`.ways .axis th${nth} { color: var(--ink); font-weight: 700; }`, sheet.cssRules.length);
});

// Filters of the ways: a line is a row and those under it; what is left of a folder is counted in its heading.
const wayModel = document.getElementById("ways-model");
const wayFind = document.getElementById("ways-find");
const wayBad = document.getElementById("ways-bad");
const FAILING = "td.f, td.c, td.t, td.x, td.p, .apart";
const folders = [...waysPart.querySelectorAll("details.ways")].map((element) => {
  const lines = [];
  for (const row of element.querySelectorAll("tr[data-way], tr[data-number]")) {
    if (row.classList.contains("under")) lines.at(-1).rows.push(row);
    else lines.push({ rows: [row], models: row.dataset.m?.split(" "), text: null });
  }
  return { element, lines, count: element.querySelector("summary small"), wasOpen: element.open };
});

function lineWanted(line, model, words) {
  if (model >= 0 && line.models && !line.models.includes(String(model))) return false;
  line.text ??= line.rows.map((row) => row.textContent).join(" ").toLowerCase();
  if (!words.every((word) => line.text.includes(word))) return false;
  return !wayBad.checked || line.rows.some((row) => row.querySelector(FAILING));
}

function filterWays() {
  const model = wayModel ? wayModel.selectedIndex - 1 : -1;
  const words = wayFind.value.toLowerCase().split(/\s+/).filter(Boolean);
  const filtering = model >= 0 || words.length > 0 || wayBad.checked;
  let shown = 0;
  for (const folder of folders) {
    let left = 0;
    for (const line of folder.lines) {
      const wanted = lineWanted(line, model, words);
      left += wanted;
      for (const row of line.rows) set(row, wanted);
    }
    const all = folder.lines.length;
    folder.count.textContent = `${left < all ? `${left} of ${all}` : all} way${all === 1 ? "" : "s"}`;
    folder.element.hidden = left === 0;
    const stop = folder.element.querySelector('td[tabindex="0"]');
    const first = folder.element.querySelector("tr[data-way]:not([hidden]) > td[class]:not(.told)");
    if (first && stop?.parentNode.hidden) reach(first);
    if (filtering || folder.filtered) folder.element.open = filtering || folder.wasOpen;
    folder.filtered = filtering;
    shown += left;
  }
  document.getElementById("ways-nothing").hidden = shown > 0 || folders.length === 0;
}

let waitingWays = 0;
for (const control of [wayModel, wayFind, wayBad]) {
  control?.addEventListener("input", () => {
    clearTimeout(waitingWays);
    waitingWays = setTimeout(() => {
      filterWays();
      writeHash();
    }, 120);
  });
}
for (const label of waysPart.querySelectorAll(".mine")) label.hidden = false;

// A narrow screen shows the newest versions first; the words stay where they are.
if (matchMedia("(max-width: 40rem)").matches) for (const box of waysPart.querySelectorAll("details[open] > .scroll")) box.scrollLeft = box.scrollWidth;
