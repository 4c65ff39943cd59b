// Programs for TPU: a chip and a model can be chosen, and a figure in place of the marks.
const tpuPart = document.getElementById("tpu");
const chip = document.getElementById("tpu-chip");
const tpuModel = document.getElementById("tpu-model");
const tpuShow = document.getElementById("tpu-show");
const programRows = [...document.querySelectorAll(".programs tr[data-chip]")];

// 603136 is 603k: three digits and the letter of a thousand, a million, ...
function brief(number) {
  let size = Math.abs(number);
  for (const unit of ["", "k", "M", "G", "T"]) {
    if (size < 999.5) return `${Number(number.toPrecision(size < 10 ? 2 : 3))}${unit}`;
    number /= 1000;
    size /= 1000;
  }
  return number.toExponential(0);
}

function filterPrograms() {
  let shown = 0;
  for (const row of programRows) {
    const wanted = (!chip.value || row.dataset.chip === chip.value) && (!tpuModel.value || row.dataset.model === tpuModel.value);
    set(row, wanted);
    shown += wanted;
  }
  tpuPart.querySelector("details.programs").classList.toggle("one-chip", chip.value !== "");
  const all = programRows.length;
  document.getElementById("tpu-count").textContent = `${shown < all ? `${shown} of ${all}` : all} program${all === 1 ? "" : "s"}`;
  const first = document.querySelector(".programs tr[data-way]:not([hidden]) > td[class]:not(.told)");
  const stop = document.querySelector('.programs td[tabindex="0"]');
  if (first && (!stop || stop.parentNode.hidden)) reach(first);
}

// The style sheet puts what `data-n` says in place of the mark.
function showFigures() {
  const figures = data.figures[tpuShow.value];
  tpuPart.querySelector("details.programs").classList.toggle("figures", Boolean(figures));
  for (const row of programRows) {
    const numbers = figures?.[row.dataset.way - data.firstProgram];
    for (const box of row.querySelectorAll("td[class]:not(.told)")) {
      const number = numbers ? numbers[columnOf(box)] : null;
      if (number === null) {
        delete box.dataset.n;
        delete box.dataset.exact;
      } else {
        box.dataset.n = brief(number);
        box.dataset.exact = `${number.toLocaleString("en")} ${tpuShow.selectedOptions[0].textContent}`;
      }
    }
  }
}

if (chip) {
  for (const control of [chip, tpuModel]) control.addEventListener("change", filterPrograms);
  tpuShow.addEventListener("change", showFigures);
  for (const label of tpuPart.querySelectorAll(".mine")) label.hidden = false;
  filterPrograms();
}
