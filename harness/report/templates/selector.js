// Selectors: the language of `hubmatrix --select`, over the facts of this page's cells. harness/matrix/grammar.py reads the same
// texts to the same trees (described at Selector.tree in harness/matrix/selector.py); a test holds both against each other.
class Fault extends Error {
  constructor(at, message) {
    super(`column ${at + 1}: ${message}`);
  }
}

const NAMES = new Map(data.names.map((name) => [name.name, name]));
const CASE_NAMES = ["case", "variant", "task", "outcome", "signature", "verdict"];
const TOKEN = /\s*(?:(==|!=|<=|>=|[=<>(),])|([A-Za-z0-9][A-Za-z0-9_.+*/:-]*)|("[^"]*"|'[^']*'))/y;

function tokensOf(source) {
  const tokens = [];
  const end = source.trimEnd().length;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < end; ) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new Fault(from + /^\s*/.exec(source.slice(from))[0].length, "write words, values and = != < <= > >= ( ) only, and quote a value with others");
    const [whole, sign, word, quoted] = match;
    const at = from + whole.length - whole.trimStart().length;
    tokens.push({ at, sign, word, value: word ?? quoted?.slice(1, -1), text: whole.trimStart() });
  }
  tokens.push({ at: end, text: "the end" });
  return tokens;
}

// A recursive descent: or binds least, then and, then not.
class Parser {
  constructor(source) {
    this.tokens = tokensOf(source);
    this.place = 0;
    this.names = new Set();
  }

  get token() {
    return this.tokens[this.place];
  }

  takes(text) {
    if (this.token.text !== text || this.token.value !== this.token.word) return false;
    this.place++;
    return true;
  }

  expect(text) {
    if (!this.takes(text)) throw new Fault(this.token.at, `expected ${text}, not ${this.token.text}`);
  }

  // The parts of the whole stand by themselves, as conjuncts do in Python.
  whole() {
    if (this.tokens.length === 1) return { every: [] };
    const [first, ...others] = this.alternatives();
    if (this.place < this.tokens.length - 1) throw new Fault(this.token.at, `expected and, or, the end, not ${this.token.text}`);
    return others.length ? { every: [{ either: [first, ...others].map(together) }] } : { every: first };
  }

  alternatives() {
    const lists = [this.together()];
    while (this.takes("or")) lists.push(this.together());
    return lists;
  }

  together() {
    const parts = [this.unit()];
    while (this.takes("and")) parts.push(this.unit());
    return parts;
  }

  unit() {
    if (this.takes("not")) return { not: this.unit() };
    if (this.takes("(")) {
      const lists = this.alternatives().map(together);
      this.expect(")");
      return lists.length > 1 ? { either: lists } : lists[0];
    }
    return this.term();
  }

  term() {
    const start = this.token.at;
    const [name, known] = this.name();
    const { at, text } = this.token;
    if (this.takes("in")) return this.compared(name, known, "=", this.list(known));
    if (this.takes("not")) {
      this.expect("in");
      return this.compared(name, known, "!=", this.list(known));
    }
    if (!/^[=!<>]/.test(text)) throw new Fault(at, `expected = != < <= > >= in, or not in`);
    this.place++;
    if (/[<>]/.test(text) && known.kind !== "version") throw new Fault(start, `${name} has no order, use = != in, or not in`);
    return this.compared(name, known, text === "==" ? "=" : text, [this.value(known, text)]);
  }

  compared(name, known, sign, values) {
    this.names.add(known.takes ? known.name : name);
    return { name, kind: known.kind, sign, values };
  }

  name() {
    const { at, word } = this.token;
    if (word === undefined) throw new Fault(at, "expected a condition such as tensorflow>=2.16");
    this.place++;
    const known = NAMES.get(word);
    if (!known) throw new Fault(at, `unknown name ${word}${suggestion(word, [...NAMES.keys()])}`);
    if (!known.takes) return [word, known];
    if (!this.takes("(")) throw new Fault(at, `${word} needs a name, write ${word}(keras) for the package keras`);
    const { word: argument, at: there } = this.token;
    if (argument === undefined) throw new Fault(there, "expected the name of a package");
    this.place++;
    this.expect(")");
    return [`${word}(${normalized(argument)})`, known];
  }

  list(known) {
    this.expect("(");
    const values = [this.value(known, "=")];
    while (!this.takes(")")) {
      this.expect(",");
      if (this.takes(")")) break;
      values.push(this.value(known, "="));
    }
    return values;
  }

  value(known, sign) {
    const { at, value } = this.token;
    if (value === undefined) throw new Fault(at, "expected a value");
    this.place++;
    if (known.kind !== "version") return checked(known, value, at);
    return versionOf(known, value, at, sign);
  }
}

const together = (parts) => (parts.length > 1 ? { every: parts } : parts[0]);
const normalized = (name) => name.toLowerCase().replace(/[-_.]+/g, "-");
const isAt = (path, start) => path === start || (path.startsWith(start) && "/:[".includes(path[start.length]));

function checked(known, value, at) {
  const choices = known.values;
  if (!choices || choices.includes(value) || (known.kind === "path" && choices.some((choice) => isAt(choice, value)))) return value;
  throw new Fault(at, `no ${known.name} ${value}${suggestion(value, choices)}`);
}

// Versions were read by Python, which knows all their forms; here only a release is read, or one of those that are on the page.
function versionOf(known, text, at, sign) {
  const release = /^v?(\d+(?:\.\d+)*)$/i.exec(text)?.[1].split(".").map(Number) ?? null;
  if (!release && !data.releases[text]) throw new Fault(at, `${text} isn't a release such as 2.16, nor a version on this page`);
  const version = { text, release };
  if (known.values && !/[<>]/.test(sign) && !known.values.some((choice) => order(choice, version) === 0)) {
    throw new Fault(at, `no ${known.name} ${text}${suggestion(text, known.values)}`);
  }
  return version;
}

// Less than 0: the value is before the bound. Null: it is no version.
function order(value, bound) {
  const known = data.releases[value];
  if (!known) return null;
  if (!bound.release) return known.rank - (data.releases[bound.text]?.rank ?? NaN);
  for (const [n, part] of bound.release.entries()) if ((known.release[n] ?? 0) !== part) return (known.release[n] ?? 0) - part;
  return 0;
}

function suggestion(word, choices) {
  const near = choices.map((choice) => [distance(word, choice), choice]).sort((one, other) => one[0] - other[0])[0];
  if (near && near[0] <= Math.max(2, word.length / 3)) return `, did you mean ${near[1]}?`;
  return choices.length && choices.length <= 12 ? `; there are ${choices.join(", ")}` : "";
}

// How many letters must change (Levenshtein).
function distance(word, other) {
  let row = Array.from({ length: other.length + 1 }, (_, n) => n);
  for (let r = 1; r <= word.length; r++) {
    const next = [r];
    for (let c = 1; c <= other.length; c++) next[c] = Math.min(next[c - 1] + 1, row[c] + 1, row[c - 1] + (word[r - 1] !== other[c - 1]));
    row = next;
  }
  return row[other.length];
}

// TensorFlow versions in short, as harness/matrix/shorthand.py has them. Null: it is not that.
function shorthand(source) {
  const alternatives = [];
  const conditions = [];
  for (const part of source.split(",").map((text) => text.trim()).filter(Boolean)) {
    const match = /^(>=|<=|==|!=|>|<|=)?\s*(v?\d[\w+]*(?:\.[\w+*]+)*)(?:\s*(?:-|–|\.\.)\s*(v?\d[\w+]*(?:\.[\w+*]+)*))?$/.exec(part);
    if (!match || (match[1] && match[3])) return null;
    const [, sign, first, last] = match;
    const term = (own, text) => ({ name: "tensorflow", kind: "version", sign: own, values: [versionOf({}, text.replace(/\.\*$/, ""), source.indexOf(part), own)] });
    if (last) alternatives.push({ every: [term(">=", first), term("<=", last)] });
    else if (sign) conditions.push(term(sign === "==" ? "=" : sign, first));
    else alternatives.push(term("=", first));
  }
  if (conditions.length) alternatives.push({ every: conditions });
  return alternatives.length ? { every: [{ either: alternatives }] } : { every: [] };
}

// What a reader typed: {tree, names}, names being those that it asks about. Throws a Fault.
function readSelector(source) {
  const versions = shorthand(source);
  if (versions) return { tree: versions, names: new Set(versions.every.length ? ["tensorflow"] : []) };
  const parser = new Parser(source);
  return { tree: parser.whole(), names: parser.names };
}

// A function of facts: an object with a value, or null, for each name, and packages: a function of a package's name.
function testOf(tree) {
  if (tree.not) {
    const part = testOf(tree.not);
    return (facts) => !part(facts);
  }
  const parts = (tree.every ?? tree.either)?.map(testOf);
  if (tree.every) return (facts) => parts.every((part) => part(facts));
  if (tree.either) return (facts) => parts.some((part) => part(facts));
  return termTest(tree);
}

// Decided once for each value: there are many cells and few values.
function termTest(term) {
  const decided = new Map();
  const argument = /^package\((.*)\)$/.exec(term.name)?.[1];
  return (facts) => {
    const value = (argument === undefined ? facts[term.name] : facts.packages(argument)) ?? null;
    if (!decided.has(value)) decided.set(value, holds(term, value));
    return decided.get(value);
  };
}

function holds({ kind, sign, values }, value) {
  if (sign === "=" || sign === "!=") return (value !== null && values.some((wanted) => same(kind, value, wanted))) === (sign === "=");
  const found = value === null ? null : order(value, values[0]);
  if (found === null) return false;
  return { ">=": found >= 0, "<=": found <= 0, ">": found > 0, "<": found < 0 }[sign];
}

function same(kind, value, wanted) {
  if (kind === "version") return order(value, wanted) === 0;
  return kind === "path" ? isAt(value, wanted) : value === wanted;
}

// The packages of an environment, read when they are first asked for.
const packagesOf = data.environments.map((environment) => {
  let versions;
  return (name) => {
    versions ??= new Map(environment.packages.map((place) => text(place).split("==")).map(([own, version]) => [normalized(own), version]));
    return versions.get(name) ?? null;
  };
});
const noPackages = () => null;

function factsOf(place) {
  const axes = axesOf(place);
  const number = data.cells.environment[place];
  const packages = packagesOf[number] ?? noPackages;
  return {
    ...axes,
    packages,
    python: data.environments[number]?.python ?? axes.python,
    hub: packages("tensorflow-hub") ?? axes.hub,
    interface: data.interfaces[axes.model] ?? null,
    environment: data.environmentIds[number],
    cell: data.cells.id[place],
    status: text(data.cells.status[place]) || null,
    trouble: text(data.cells.trouble[place]) || null,
    ...Object.fromEntries(CASE_NAMES.map((name) => [name, null])),
  };
}

// A cell is meant if one of its cases is, where the selector asks about cases at all.
function placeTest({ tree, names }) {
  const test = testOf(tree);
  if (!names.has("package") && !CASE_NAMES.some((name) => names.has(name))) return (place) => test(factsOf(place));
  return (place) => {
    const facts = factsOf(place);
    const own = facts.packages;
    const cases = casesOf(place);
    return cases.length ? cases.some((measured) => test(withCase(facts, own, measured))) : test(facts);
  };
}

// Another case's facts in the place of the last one's: a page has a million pairs of cell and case.
function withCase(facts, own, [kind, , , , more]) {
  const [id, , variant, verdict, , , , , , , , outcome, signature] = data.kinds[kind];
  facts.case = text(id);
  facts.variant = text(variant) || null;
  facts.task = data.tasks[facts.case] ?? null;
  facts.outcome = outcome;
  facts.signature = text(signature) || null;
  facts.verdict = verdict;
  facts.packages = more?.some((value) => typeof value === "string") ? (name) => besideCase(more, name) ?? own(name) : own;
  return facts;
}

// Of what a case was given: names are places of texts, and a version is a text where a measured number is a number.
function besideCase(more, name) {
  for (let n = 0; n < more.length; n += 2) if (typeof more[n + 1] === "string" && normalized(text(more[n])) === name) return more[n + 1];
  return null;
}
