// The dialog: everything about one cell, built when it is opened.
const dialog = document.getElementById("detail");
let openPlace = -1;
let returnTo = null;

const OUTCOMES = {
  passed: ["✓", "good"], as_declared: ["✕", "good"], failed_otherwise: ["✕", "bad"], passed_unexpectedly: ["!", "loud-outcome"],
  not_applicable: ["–", "dim"], skipped: ["–", "dim"], not_run: ["○", "dim"],
};
const minorOf = (python) => python.split(".").slice(0, 2).join(".");
const day = (stamp) => stamp.slice(0, 10);

// `asked` is the case that was asked for, as a place in data.strings: it is marked, opened, and brought into sight.
function openCell(place, from, asked = -1) {
  if (!dialog.open) returnTo = from ?? buttons[place];
  openPlace = place;
  const environment = data.environments[data.cells.environment[place]];
  dialog.replaceChildren(
    head(place),
    ...[own(place, environment), casesPart(place, asked), environment ? environmentPart(environment, environment.status === text(data.cells.status[place])) : null, again(place)].filter(Boolean),
  );
  if (!dialog.open) dialog.showModal();
  const line = dialog.querySelector(".asked");
  dialog.scrollTop = line ? line.offsetTop - dialog.querySelector("header").offsetHeight - 60 : 0;
  writeHash();
}

function head(place) {
  const axes = axesOf(place);
  const letter = unexpected.has(place) ? "x" : data.cells.verdict[place];
  const python = data.environments[data.cells.environment[place]]?.python ?? axes.python;
  const pins = [python && `Python ${minorOf(python)}`, axes.hub && `hub ${axes.hub}`].filter(Boolean);
  const values = [...besideOf(axes), `${axes.format} format`, axes.device, ...pins];
  const reused = data.cells.reused[place];
  return make("header", {},
    make("div", {},
      make("h2", { id: "detail-title" }, `TensorFlow ${axes.tensorflow} with ${modelOf(axes)}`),
      make("p", { class: `verdict ${letter}` }, text(data.cells.words[place])),
      make("ul", { class: "axes" }, ...values.map((value) => make("li", {}, value)), reused ? make("li", {}, `reused, recorded ${day(reused)}`) : ""),
    ),
    make("button", { class: "close", type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "✕"),
  );
}

// What the cell says of itself; where its environment could not be made, that is what the environment says.
function own(place, environment) {
  const status = text(data.cells.status[place]);
  const inherited = environment && environment.status === status && status !== "completed" ? environment : { message: 0, evidence: "" };
  const message = text(data.cells.message[place] || inherited.message);
  const evidence = data.evidence[data.cells.evidence[place]] || inherited.evidence;
  if (!message && !evidence) return null;
  const title = make("h3", {}, `What happened: ${status.replace("_", " ")}`);
  return make("section", {}, title, make("p", { class: "said" }, message), secondPart(data.cells.second[place]), diagnosisPart(data.cells.diagnosis[place]), evidencePart(evidence));
}

// What became of it on an older Python; `sentence` is a place in data.strings, absent or 0 where none was asked.
function secondPart(sentence) {
  return sentence ? make("p", { class: "diagnosis second" }, text(sentence)) : "";
}

function diagnosisPart(id) {
  if (!id) return "";
  const [cause, todo, see] = data.diagnoses[id];
  return make("p", { class: "diagnosis" }, make("b", {}, "Why: "), `${cause} `, make("b", {}, "What to do: "), `${todo} `, make("code", {}, see));
}

function evidencePart(evidence) {
  return evidence ? make("details", {}, make("summary", {}, "Evidence"), make("pre", { tabindex: "0" }, evidence)) : "";
}

function casesPart(place, asked) {
  const cases = casesOf(place);
  if (!cases.length) return null;
  const ran = cases.filter(([kind]) => data.kinds[kind][3] !== "not_run").length;
  const list = make("ul", { class: "cases" }, ...tellingFirst(cases).map((one) => caseLine(one, place, asked)));
  const title = make("h3", {}, ran === cases.length ? `Cases (${ran})` : `Cases (${ran} of ${cases.length} ran)`);
  return make("section", {}, title, ran ? list : make("details", {}, make("summary", {}, "Cases that could not run"), list));
}

// What went wrong first, then the rest, each in the order of the matrix.
function tellingFirst(cases) {
  const rank = ([kind]) => ({ as_declared: 1, passed: 2, skipped: 3, not_applicable: 3, not_run: 3 })[data.kinds[kind][3]] ?? 0;
  return [...cases].sort((one, other) => rank(one) - rank(other));
}

function caseLine([kind, seconds, ranIn, recorded, facts = []], place, asked) {
  const [id, title, variant, outcome, message, evidence, diagnosis, instead, proof, proven, link, , , second] = data.kinds[kind];
  const [symbol, look] = OUTCOMES[outcome] ?? ["✕", "bad"];
  const said = { failed_otherwise: "failed otherwise than declared", passed_unexpectedly: "unexpected pass" }[outcome] ?? outcome.replace("_", " ");
  return make("li", id === asked && outcome !== "not_run" ? { class: "asked" } : {},
    make("span", { class: `outcome ${look}` }, `${symbol} ${said}`),
    make("span", {}, text(title), variant ? make("code", {}, ` [${text(variant)}]`) : ""),
    make("span", { class: "time" }, outcome === "not_run" || !seconds ? "" : `${seconds.toFixed(2)} s`),
    make("div", { class: "more" },
      make("code", {}, text(id)),
      message ? make("p", { class: "said" }, text(message)) : "",
      secondPart(second),
      remedyPart(outcome, instead, proof, proven, link),
      diagnosisPart(diagnosis),
      factsPart(facts),
      evidencePart(data.evidence[evidence]),
      origin(ranIn, recorded, place),
    ),
  );
}

// What a declaration tells a reader to do; shown as such only where the failure is the declared one.
function remedyPart(outcome, instead, proof, proven, link) {
  if (!instead || outcome !== "as_declared") return "";
  const shown = { 1: "passed in this environment", 0: "did not pass in this environment" }[proven];
  return make("p", { class: "diagnosis" }, make("b", {}, "Instead: "), `${text(instead)} `,
    proof ? make("code", {}, text(proof)) : "", shown ? ` ${shown}. ` : " ",
    link ? make("a", { href: text(link), rel: "noopener" }, "more") : "");
}

// Names and numbers take turns, then names and versions of what was installed beside: [name, number, ..., name, version, ...].
function factsPart(facts) {
  if (!facts.length) return "";
  const pairs = facts.flatMap((one, n) => (n % 2 ? [make("dd", {}, String(one))] : [make("dt", {}, text(one))]));
  return make("dl", { class: "numbers" }, ...pairs);
}

function origin(ranIn, recorded, place) {
  const elsewhere = ranIn >= 0 && ranIn !== place;
  if (!elsewhere && !recorded) return "";
  const line = make("p", { class: "from" });
  if (elsewhere) line.append("ran once, in the process of the cell ", make("button", { type: "button", title: data.cells.id[ranIn], onclick: () => openCell(ranIn) }, difference(ranIn, place)));
  if (recorded) line.append(elsewhere ? "; " : "", `reused, recorded ${day(text(recorded))}`);
  return line;
}

function difference(other, place) {
  const here = axesOf(place);
  return Object.entries(axesOf(other)).filter(([axis, value]) => value !== here[axis]).map(([, value]) => value).join(", ");
}

function environmentPart(environment, shownAbove) {
  const packages = environment.packages.map(text);
  const facts = [
    ["Environment", environment.id],
    ["Status", environment.status.replace("_", " ") + (environment.reused ? `, reused, recorded ${day(environment.reused)}` : "")],
    ["Python", environment.python ?? "none found"],
    ["Asked for", environment.requirements.join(" ")],
    ["Packages up to", environment.excludeNewer ?? "no limit"],
    ["Locked on", environment.lockedOn ?? "not locked"],
    ["Lock", environment.lock ? environment.lock.slice(0, 16) : ""],
    ["Settings", environment.settings.join(" ")],
  ].filter(([, value]) => value);
  const part = make("section", {}, make("h3", {}, "Environment"),
    make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
  if (!shownAbove && environment.message) part.append(make("p", { class: "said" }, text(environment.message)), evidencePart(environment.evidence));
  if (packages.length) {
    part.append(
      make("h4", {}, "Install exactly this"),
      copyable(`pip install ${packages.map(quoted).join(" ")}`, "Copy the pip install line"),
      make("details", {}, make("summary", {}, `${packages.length} packages`), make("ul", { class: "packages" }, ...packages.map((one) => make("li", {}, one)))),
    );
  }
  return part;
}

const quoted = (word) => (/^[\w.+=:/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

function again(place) {
  const environment = data.environmentIds[data.cells.environment[place]];
  const axes = axesOf(place);
  const line = data.command
    ? `${data.command} --tensorflow ${axes.tensorflow} --install ${axes.install} --keras ${axes.keras} --device ${axes.device} --rerun`
    : [`python3 -m nox -s "cells(${environment})" -- --cell ${data.cells.id[place]}`, ...data.options.map(quoted)].join(" ");
  return make("section", {}, make("h3", {}, "Run it again"), copyable(line, "Copy the command"));
}

function copyable(line, name) {
  const words = line.split(" ").flatMap((word) => [make("span", {}, word), " "]);
  const shown = make("pre", { tabindex: "0" }, ...words.slice(0, -1));
  const button = make("button", { type: "button", "aria-label": name }, "Copy");
  button.addEventListener("click", () => copy(line, shown, button));
  return make("div", { class: "copy" }, shown, button);
}

async function copy(line, shown, button) {
  try {
    await navigator.clipboard.writeText(line);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(shown);
    button.textContent = "Press Ctrl-C";
  }
  document.getElementById("said").textContent = button.textContent;
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
dialog.addEventListener("close", () => {
  openPlace = -1;
  writeHash();
  returnTo?.focus();
});
