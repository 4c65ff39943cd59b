"""Names, first lines of docstrings and turns of phrase: what STYLE.md (13 to 16) asks for, counted on the syntax trees.

Run as a program it prints how much is left in each room, and how many comments each has:

    python tests/unit/test_names.py
    python tests/unit/test_names.py ROOM ...          every name and text in these rooms that is still to be mended
    python tests/unit/test_names.py --lower           write the ledgers anew; a count that grew keeps its old limit
    python tests/unit/test_names.py --merge           write them as counted: only where a branch comes in that didn't have this test
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
TREES = ("harness", "bench")
SCRIPTS = ("noxfile.py",)

# A value is called by what it holds. None of these says what that is.
PRONOUNS = "one ones it them this that these those what both each others everything something anything nothing"
PARTICIPLES = "found told made known said asked wanted given had brought gone done shown taken kept named put held meant"
VAGUE = "here there thing things place places stuff"
BANNED_NAMES = frozenset(f"{PRONOUNS} {PARTICIPLES} {VAGUE}".split())

# A docstring begins with what is done or what a thing is, not with a relative clause.
HEADLESS = re.compile(r"(What|That of|That is|Those of|Those that|The same|Whether|How|Where|Why|When|Whose|Who|Which|Of)\b")
# Turns of phrase that make a reader stop; "there is no" is plain English.
BANNED_PHRASES = (
    re.compile(r"\bis told\b"),
    re.compile(r"\bcan't be had\b"),
    re.compile(r"\bwhat is asked\b"),
    re.compile(r"(?<![Tt]here )\bis no (?!longer\b|more\b)"),
    re.compile(r"\bnobody is\b"),
)
# The verbs that begin docstrings. A first word that isn't one of them is a noun, a third person, or a verb to add.
VERBS = """
accept add adjust allow annotate answer append apply ask assign attach begin bind block bring build call catch change check
choose clean clear close collect combine commit compare compile compose compress compute connect convert copy count create cut
decide declare decode delete derive describe detect digest discard divide do download draw drop embed encode end ensure enter
estimate evaluate exchange execute exit expand explain export express extend extract fail fetch fill filter find finish fit
fix flatten follow forget fork format forward free freeze gather generate get give group guard guess handle hash hide hold
identify ignore import include index insert inspect install interpret invoke join judge keep kill label launch leave lend let
limit link list listen load locate lock log look lower make map mark mask match measure merge migrate move name narrow
normalize note number obtain offer open order pack parse pass patch perform pick place plan plot preload prepare present
preview print probe produce project promise prune pull push put quote raise rank read rebuild receive recognize record
redirect reduce refuse register reject release reload remove rename render repack repeat replace report reproduce request
require reserve reset resolve respond restore resume retry return reuse rewrite round run sample save scan schedule score
search select send serve set shorten show shut signal simulate skip sleep solve sort spell split spread stack start state
stay stop store stream strip sum summarize supply suppress switch take talk tell test tidy time touch trace track train
transform translate traverse trim truncate try turn undo unfold unpack unwrap update upgrade use validate verify view visit
wait wake walk warm warn watch weigh widen wrap write yield
"""
IMPERATIVES = frozenset(VERBS.split())
# One function of that name in many modules is an interface, not an accident.
SHARED_FUNCTIONS: Mapping[str, str] = {
    "main": "the entry point of a script",
    "checkpoint": "each exporter saves the weights in the form that its publisher's code restores",
    "render": "one module a report format, each with render(view)",
}
LEAST_COMMENTS = 0.9


class Left(NamedTuple):
    """How many offending names, and how many offending docstrings and phrases, a room still has."""

    names: int
    prose: int


# Rooms that are not done. A count may only fall, and is lowered when it does; the goal is an empty ledger.
LEDGER: Mapping[str, Left] = {}
# Class names that several modules define, and function names that three or more define, with how many: neither may grow.
CLASSES: Mapping[str, int] = {}
FUNCTIONS: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """A name or a text that is to be mended."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_bytes())


@cache
def modules() -> tuple[Path, ...]:
    """Every module of the project, relative to the root."""
    files = [*(ROOT / script for script in SCRIPTS), *(file for tree in TREES for file in (ROOT / tree).rglob("*.py"))]
    return tuple(sorted(file.relative_to(ROOT) for file in files))


def room_of(path: Path) -> str:
    """Name the room of a module: its folder; the whole of bench/ is one."""
    if path.parts[0] != "harness":
        return path.parts[0]
    return path.parent.as_posix() if len(path.parts) > 2 else path.as_posix()


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that the code gives: variables, parameters, attributes, functions; not what it imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case _:
                pass


def bad_names(path: Path) -> Iterator[Offence]:
    for line, name in names_in(tree_of(path)):
        if name.strip("_").lower() in BANNED_NAMES:
            yield Offence(path=path, line=line, text=f"the name {name!r} doesn't say what it holds")


def says_what_is_done(node: ast.AST) -> bool:
    """True for public functions and methods; properties and fixtures are values, and described by a noun."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
        return False
    marks = {mark.attr if isinstance(mark, ast.Attribute) else getattr(mark, "id", "") for mark in node.decorator_list}
    return not marks & {"property", "cached_property", "fixture"}


def bad_docstrings(path: Path) -> Iterator[Offence]:
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first, _, _ = (ast.get_docstring(node) or "").partition("\n")
        line = node.body[0].lineno if node.body else 1
        word = re.split(r"\W", first, maxsplit=1)[0]
        if HEADLESS.match(first):
            yield Offence(path=path, line=line, text=f"begins like a relative clause: {first}")
        elif first and says_what_is_done(node) and word.lower() not in IMPERATIVES:
            yield Offence(path=path, line=line, text=f"doesn't begin with an imperative: {first}")


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Comments, and all strings of a module: docstrings and what users see."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    yield from comments_in((ROOT / path).read_text(encoding="utf-8"))


def comments_in(source: str) -> Iterator[tuple[int, str]]:
    """Comments that say something: no directives of tools."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not re.match(r"#\s*(noqa|type:|pragma|///|!)", token.string):
            yield token.start[0], token.string


def templates() -> list[Path]:
    return sorted(file.relative_to(ROOT) for file in (ROOT / "harness").rglob("*.j2"))


def bad_phrases(path: Path) -> Iterator[Offence]:
    is_template = path.suffix == ".j2"
    texts = enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1) if is_template else texts_of(path)
    for line, text in texts:
        for phrase in BANNED_PHRASES:
            for match in phrase.finditer(" ".join(text.split())):
                yield Offence(path=path, line=line, text=f"turn of phrase: {match.group()!r}")


@cache
def names_left() -> Mapping[str, list[Offence]]:
    return by_room(offence for path in modules() for offence in bad_names(path))


@cache
def prose_left() -> Mapping[str, list[Offence]]:
    docstrings = (offence for path in modules() for offence in bad_docstrings(path))
    phrases = (offence for path in (*modules(), *templates()) for offence in bad_phrases(path))
    return by_room([*docstrings, *phrases])


def by_room(offences: Iterable[Offence]) -> Mapping[str, list[Offence]]:
    rooms: defaultdict[str, list[Offence]] = defaultdict(list)
    for offence in offences:
        rooms[room_of(offence.path)].append(offence)
    return rooms


def ledger() -> dict[str, Left]:
    """The ledger as it should be: only rooms that have something left."""
    names, prose = names_left(), prose_left()
    return {room: Left(len(names.get(room, [])), len(prose.get(room, []))) for room in sorted({*names, *prose})}


def repeated_classes() -> dict[str, int]:
    """Class names that more than one module defines."""
    return repeated(2, ast.ClassDef, whole_tree=True)


def repeated_functions() -> dict[str, int]:
    """Public functions, methods aside, whose name three or more modules of the harness define.

    Those of the command line don't count: they bear the names of commands.
    """
    counts = repeated(3, ast.FunctionDef, ast.AsyncFunctionDef, whole_tree=False)
    return {name: count for name, count in counts.items() if not name.startswith("_") and name not in SHARED_FUNCTIONS}


def repeated(least: int, *kinds: type[ast.stmt], whole_tree: bool) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for path in modules():
        if not whole_tree and (path.parts[0] != "harness" or path.parts[1] == "cli"):
            continue
        nodes: Iterable[ast.AST] = ast.walk(tree_of(path)) if whole_tree else tree_of(path).body
        counts.update({node.name for node in nodes if isinstance(node, kinds)})  # type: ignore[attr-defined]
    return {name: count for name, count in sorted(counts.items()) if count >= least}


def comment_rates() -> dict[str, float]:
    """Comments per hundred lines that are neither blank nor comment, by room; `all` for the whole of harness."""
    comments: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in modules():
        source = (ROOT / path).read_text(encoding="utf-8")
        rooms = [room_of(path)] + ["all"] * (path.parts[0] == "harness")
        code = sum(1 for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#"))
        for room in rooms:
            comments[room] += sum(1 for _ in comments_in(source))
            lines[room] += code
    return {room: 100 * comments[room] / lines[room] for room in sorted(lines) if lines[room]}


def test_names_and_prose_of_every_room() -> None:
    """A room that got worse has to be mended; for one that got better the ledger is lowered (run this file to print it)."""
    counted = ledger()
    worse = {
        room: left
        for room, left in counted.items()
        if left.names > LEDGER.get(room, Left(0, 0)).names or left.prose > LEDGER.get(room, Left(0, 0)).prose
    }
    offences = [*names_left().items(), *prose_left().items()]
    listed = "\n".join(str(offence) for room, found in offences if room in worse for offence in found)
    assert not worse, f"\n{listed}"
    assert counted == LEDGER


def test_a_class_name_stands_for_one_thing() -> None:
    assert repeated_classes() == CLASSES


def test_a_function_name_in_three_modules_is_an_interface() -> None:
    assert repeated_functions() == FUNCTIONS


def test_comments_say_why() -> None:
    assert comment_rates()["all"] >= LEAST_COMMENTS


def test_the_check_sees_what_it_should() -> None:
    source = "def made(one, *, name):\n    for _told, x in one: self.place = [found for found in x]\n    with x as known: ..."
    names = {name for _, name in names_in(ast.parse(source))}
    assert names == {"made", "one", "name", "_told", "x", "place", "found", "known"}
    assert [bool(phrase.search("nobody is told what is asked")) for phrase in BANNED_PHRASES] == [True, False, True, False, True]
    assert not BANNED_PHRASES[3].search("there is no disk")
    assert list(comments_in("x = 1  # noqa: E501\n# why\n")) == [(2, "# why")]


def show(rooms: list[str]) -> None:
    """Print what is left in these rooms; without rooms, a line for each."""
    if rooms:
        for left in (names_left(), prose_left()):
            print(*(offence for room in sorted(left) if room.startswith(tuple(rooms)) for offence in left[room]), sep="\n")
        return
    counted = ledger()
    for room, rate in comment_rates().items():
        left_here = counted.get(room, Left(0, 0))
        print(f"{room:<32}{left_here.names:4} names {left_here.prose:4} texts {rate:6.1f} comments a hundred lines")


def write(*, lower_only: bool) -> None:
    """Write the three ledgers into this file; with `lower_only`, none of their counts higher than before."""
    rooms, classes, functions = ledger(), repeated_classes(), repeated_functions()
    if lower_only:
        rooms = {
            room: Left(min(left.names, LEDGER[room].names), min(left.prose, LEDGER[room].prose))
            for room, left in rooms.items()
            if room in LEDGER
        }
        classes = {name: min(count, CLASSES[name]) for name, count in classes.items() if name in CLASSES}
        functions = {name: min(count, FUNCTIONS[name]) for name, count in functions.items() if name in FUNCTIONS}
    ledgers: Mapping[str, Mapping[str, object]] = {
        "LEDGER: Mapping[str, Left]": rooms,
        "CLASSES: Mapping[str, int]": classes,
        "FUNCTIONS: Mapping[str, int]": functions,
    }
    file = Path(__file__)
    source = file.read_text(encoding="utf-8")
    for declared, counts in ledgers.items():
        lines = "".join(f'    "{name}": {count},\n' for name, count in counts.items())
        value = f"{{\n{lines}}}" if lines else "{}"
        source = re.sub(rf"(?ms)^{re.escape(declared)} = {{.*?}}$", f"{declared} = {value}", source)
    file.write_text(source, encoding="utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--lower"]:
            write(lower_only=True)
        case ["--merge"]:
            write(lower_only=False)
        case rooms_to_show:
            show(rooms_to_show)
