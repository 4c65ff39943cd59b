"use strict";
// The run's data, and the cells of the page that belong to it. Text from the run reaches the page through textContent only.
const data = JSON.parse(document.getElementById("data").textContent);
const text = (place) => data.strings[place];
const INSTALLATION = Object.keys(data.installation);
const installationOf = (section) => Object.fromEntries(INSTALLATION.map((name) => [name, section[name]]));
const VERDICTS = { w: "works", p: "partly", f: "fails", u: "unavailable", n: "not run" };
const unexpected = new Set(data.cells.unexpected);

// Tables in the order of data.sections; `cells` has one place a column, -1 for none, as numbers into data.cells.
const grids = [];
const buttons = [];
const where = [];
for (const [number, element] of document.querySelectorAll(".grid").entries()) {
  const table = element.querySelector("table");
  const grid = { element, table, section: data.sections[number], rows: [], head: table.tHead.rows };
  for (const [row, line] of [...table.tBodies[0].rows].entries()) {
    const cells = [];
    for (const [column, box] of [...line.cells].slice(1).entries()) {
      const button = box.firstElementChild;
      cells.push(button ? buttons.length : -1);
      if (button) {
        buttons.push(button);
        where.push([grid, row, column]);
      }
    }
    grid.rows.push({ element: line, boxes: [...line.cells].slice(1), cells });
  }
  // What the style sheet leaves out of sight takes about this much room; see content-visibility.
  element.style.containIntrinsicSize = `auto ${Math.min(30 * grid.rows.length + 150, innerHeight)}px`;
  grids.push(grid);
}
const placeOf = new Map(buttons.map((button, place) => [button, place]));

function axesOf(place) {
  const [grid, row, column] = where[place];
  const [tensorflow, python, hub] = grid.section.rows[row];
  const [model, format, device] = grid.section.columns[column];
  return { tensorflow, ...installationOf(grid.section), model, format, device, python, hub };
}

function casesOf(place) {
  const runs = data.cells.cases[place];
  const found = [];
  for (let n = 0; n < runs.length; n += 2) {
    for (let one = 0; one < runs[n + 1]; one++) found.push(data.cases[runs[n] + one]);
  }
  return found;
}

const besideOf = (axes) => INSTALLATION.map((name) => data.installation[name][axes[name]] ?? axes[name]).filter(Boolean);

const modelOf = (axes) => (axes.model === "none" ? "no model" : axes.model);

function nameOf(place) {
  const axes = axesOf(place);
  const pins = [axes.python && `Python ${axes.python}`, axes.hub && `hub ${axes.hub}`].filter(Boolean);
  return [`TensorFlow ${axes.tensorflow}`, ...besideOf(axes), modelOf(axes), axes.format, axes.device, ...pins].join(", ");
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== ""));
  return element;
}
