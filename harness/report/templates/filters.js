// Filters: which cells match, then rows, columns and tables without a match disappear.
const form = document.getElementById("filters");
const FIELDS = ["select", ...INSTALLATION, "model", "format", "device", "q"];
// With many models the tables begin with one of them: the one that most ways are about; with many devices, with this machine's.
const STANDARD = Object.fromEntries(FIELDS.map((name) => [name, ""]));
for (const name of ["model", "device"]) STANDARD[name] = form.elements[name].dataset.standard ?? "";
const chips = [...form.querySelectorAll("[data-verdict]")];

// What was typed, and which cells it means. A fault in it is told beside the count, and every cell is shown.
function selection(source) {
  try {
    const read = readSelector(source);
    return { names: read.names, means: placeTest(read), fault: "" };
  } catch (error) {
    if (!(error instanceof Fault) && !(error instanceof RangeError)) throw error;
    return { names: new Set(), means: () => true, fault: error instanceof Fault ? error.message : "it is nested too deeply" };
  }
}

function wanted() {
  const values = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value.trim()]));
  const verdicts = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.verdict);
  return { ...values, verdicts };
}

const searchable = { strings: null, cells: [] };

// Which of the texts hold the words, once for each search; a cell matches by its own, its environment's or a case's message.
function messageTest(query) {
  if (!query) return () => true;
  const needle = query.toLowerCase();
  searchable.strings ??= data.strings.map((one) => one.toLowerCase());
  const hit = searchable.strings.map((one) => one.includes(needle));
  return (place) => (searchable.cells[place] ??= messagesOf(place)).some((one) => hit[one]);
}

function messagesOf(place) {
  const environment = data.environments[data.cells.environment[place]];
  const own = [data.cells.message[place], environment ? environment.message : 0];
  return [...new Set([...own, ...casesOf(place).map(([kind]) => data.kinds[kind][4])])].filter((one) => one > 0);
}

function matcher(filter, selected) {
  const says = messageTest(filter.q);
  // What the page begins with must not hide what a selector asks for by name.
  const own = (name) => (selected.names.has(name) && filter[name] === STANDARD[name] ? "" : filter[name]);
  const [model, device] = [own("model"), own("device")];
  return (place, section, row, column) =>
    INSTALLATION.every((name) => !filter[name] || section[name] === filter[name]) &&
    (!model || column[0] === model) &&
    (!filter.format || column[1] === filter.format) &&
    (!device || column[2] === device || data.realms[column[2]] === device) &&
    selected.means(place) &&
    says(place);
}

function verdictWanted(filter, place) {
  if (!filter.verdicts.length) return true;
  return filter.verdicts.includes(data.cells.verdict[place]) || (filter.verdicts.includes("x") && unexpected.has(place));
}

function applyFilters() {
  const filter = wanted();
  const selected = selection(filter.select);
  form.elements.select.setAttribute("aria-invalid", String(selected.fault !== ""));
  const matches = matcher(filter, selected);
  const tally = { w: 0, p: 0, f: 0, u: 0, n: 0, x: 0 };
  let shown = 0;
  for (const grid of grids) shown += applyTo(grid, filter, matches, tally);
  for (const chip of chips) chip.querySelector("b").textContent = tally[chip.dataset.verdict].toLocaleString("en");
  const all = buttons.length;
  const counted = shown === all ? `${all.toLocaleString("en")} cells` : `${shown.toLocaleString("en")} of ${all.toLocaleString("en")} cells`;
  document.getElementById("shown").textContent = selected.fault ? `${counted}; the selector is not understood, ${selected.fault}` : counted;
  document.getElementById("nothing").hidden = shown > 0;
}

function applyTo(grid, filter, matches, tally) {
  const { rows: names, columns } = grid.section;
  const columnShown = columns.map(() => false);
  const on = grid.rows.map((row, r) =>
    row.cells.map((place, c) => {
      if (place < 0 || !matches(place, grid.section, names[r], columns[c])) return false;
      tally[data.cells.verdict[place]]++;
      if (unexpected.has(place)) tally.x++;
      return verdictWanted(filter, place) && (columnShown[c] = true);
    }),
  );
  const count = on.flat().filter(Boolean).length;
  grid.element.hidden = count === 0;
  if (count) show(grid, on, columnShown);
  return count;
}

function show(grid, on, columnShown) {
  const changed = columnShown.map((shown, c) => shown !== (grid.columnShown?.[c] ?? true));
  for (const [r, row] of grid.rows.entries()) {
    set(row.element, on[r].includes(true));
    for (const [c, box] of row.boxes.entries()) {
      if (changed[c]) box.hidden = !columnShown[c];
      const off = row.cells[c] >= 0 && !on[r][c];
      if (off !== Boolean(row.off?.[c])) box.classList.toggle("off", off);
      (row.off ??= [])[c] = off;
    }
  }
  if (changed.includes(true)) showHeads(grid, columnShown);
  grid.columnShown = columnShown;
  offer(grid);
}

const set = (element, shown) => {
  if (element.hidden === shown) element.hidden = !shown;
};

// A heading of a group spans the columns of it that are left.
function showHeads(grid, columnShown) {
  const columns = grid.section.columns;
  for (const [level, line] of [...grid.head].entries()) {
    const heads = [...line.cells].filter((head) => !head.classList.contains("corner"));
    let next = 0;
    for (const head of heads) {
      head.dataset.span ??= head.colSpan;
      const span = Number(head.dataset.span);
      const left = columnShown.slice(next, next + span).filter(Boolean).length;
      head.hidden = left === 0;
      if (left) head.colSpan = left;
      if (level > 0) head.classList.toggle("m", startsModel(columns, columnShown, next));
      next += span;
    }
  }
}

function startsModel(columns, columnShown, place) {
  for (let before = place - 1; before >= 0 && columns[before][0] === columns[place][0]; before--) if (columnShown[before]) return false;
  return true;
}
