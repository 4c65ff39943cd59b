// The page: theme, the state in the address, and what starts it all.
function writeHash() {
  const filter = wanted();
  const state = new URLSearchParams();
  for (const name of FIELDS) if (filter[name] !== STANDARD[name]) state.set(name, filter[name] || "any");
  if (filter.verdicts.length) state.set("verdict", filter.verdicts.join(","));
  if (wayModel?.value) state.set("for", wayModel.value);
  if (openPlace >= 0) state.set("cell", data.cells.id[openPlace]);
  const hash = state.toString();
  if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

function readHash() {
  const state = new URLSearchParams(location.hash.slice(1));
  if (state.has("tf")) state.set("select", state.get("tf")); // links of pages before selectors
  for (const name of FIELDS) form.elements[name].value = state.has(name) ? state.get(name).replace(/^any$/, "") : STANDARD[name];
  const verdicts = (state.get("verdict") ?? "").split(",");
  for (const chip of chips) chip.setAttribute("aria-pressed", String(verdicts.includes(chip.dataset.verdict)));
  applyFilters();
  if (wayModel) wayModel.value = [...wayModel.options].some((one) => one.value === state.get("for")) ? state.get("for") : "";
  filterWays();
  const place = state.has("cell") ? data.cells.id.indexOf(state.get("cell")) : -1;
  if (place >= 0) openCell(place);
  else if (dialog.open) dialog.close();
}

function changed() {
  applyFilters();
  writeHash();
}

let waiting = 0;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(changed, 120);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  changed();
});
form.addEventListener("reset", () => {
  for (const chip of chips) chip.setAttribute("aria-pressed", "false");
  setTimeout(changed);
});

function search(values) {
  form.reset();
  setTimeout(() => {
    form.elements.model.value = form.elements.device.value = "";
    if (values.q) form.elements.q.value = values.q;
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.verdict === values.verdict));
    changed();
    document.getElementById("matrix").scrollIntoView();
    form.elements.q.focus({ preventScroll: true });
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (placeOf.has(button)) {
    focusCell(placeOf.get(button));
    openCell(placeOf.get(button));
  } else if (button.dataset.cell) openCell(Number(button.dataset.cell), button, data.strings.indexOf(button.dataset.case ?? ""));
  else if (button.dataset.search) search({ q: button.dataset.search });
  else if ("unexpected" in button.dataset) search({ verdict: "x" });
  else if ("clear" in button.dataset) form.reset();
  else if (button.dataset.verdict) {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    changed();
  }
});

const themeButton = document.getElementById("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");

function remembered(value) {
  try {
    if (value) localStorage.setItem("hubmatrix-theme", value);
    return localStorage.getItem("hubmatrix-theme");
  } catch {
    return value ?? null;
  }
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  const isDark = (theme ?? (dark.matches ? "dark" : "light")) === "dark";
  themeButton.textContent = isDark ? "Light" : "Dark";
  themeButton.setAttribute("aria-label", isDark ? "Use light colours" : "Use dark colours");
}

themeButton.addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  setTheme(remembered(now === "dark" ? "light" : "dark") ?? (now === "dark" ? "light" : "dark"));
});
dark.addEventListener("change", () => setTheme(document.documentElement.dataset.theme));
setTheme(remembered());

for (const hidden of document.querySelectorAll("#filters, #theme, [data-search], [data-unexpected]")) hidden.hidden = false;
chips.at(-1).hidden = unexpected.size === 0;
addEventListener("hashchange", () => {
  if (!document.getElementById(location.hash.slice(1))) readHash();
});
readHash();
