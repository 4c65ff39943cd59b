// Keyboard and names: one tab stop a table, arrows move between the cells that are shown, Enter is the button's own.
for (const [place, button] of buttons.entries()) {
  button.tabIndex = -1;
  button.type = "button";
  button.setAttribute("aria-label", `${nameOf(place)}: ${text(data.cells.words[place])}`);
}

function offer(grid) {
  const current = grid.rows.flatMap((row) => row.cells).filter((place) => place >= 0);
  for (const place of current) if (buttons[place].tabIndex === 0) buttons[place].tabIndex = -1;
  const first = current.find((place) => seen(place));
  if (first !== undefined) buttons[first].tabIndex = 0;
}

function seen(place) {
  const [grid, row, column] = where[place];
  const line = grid.rows[row];
  const box = line.boxes[column];
  return !grid.element.hidden && !line.element.hidden && !box.hidden && !box.classList.contains("off");
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e9], End: [0, 1e9] };

function beside(place, [down, across]) {
  const [grid, row, column] = where[place];
  const width = grid.section.columns.length;
  if (Math.abs(across) > 1) {
    const line = grid.rows[row].cells.filter((one) => one >= 0 && seen(one));
    return across < 0 ? line[0] : line.at(-1);
  }
  for (let r = row + down, c = column + across; r >= 0 && r < grid.rows.length && c >= 0 && c < width; r += down, c += across) {
    const next = grid.rows[r].cells[c];
    if (next >= 0 && seen(next)) return next;
  }
  return place;
}

document.getElementById("matrix").addEventListener("keydown", (event) => {
  const place = placeOf.get(event.target);
  const step = STEPS[event.key];
  if (place === undefined || !step || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  focusCell(beside(place, step));
});

function focusCell(place) {
  const [grid] = where[place];
  for (const button of grid.table.querySelectorAll('button[tabindex="0"]')) button.tabIndex = -1;
  buttons[place].tabIndex = 0;
  buttons[place].focus();
}
