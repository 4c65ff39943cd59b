"""How the report tells what was compiled for TPU: words and units that several renderers share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from typing_extensions import assert_never

from harness.report import wording
from harness.report.devices import Realm
from harness.report.document import Agreement, Compile, Fate, Figures, Program, View
from harness.report.phrase import Scale, listed, scale, spans
from harness.services.tpu_compiler.memory import needed_bytes

ABOUT: Final = (
    "The TPU compiler itself compiles the programs that each TensorFlow makes, as it would with a TPU present; nothing is run on "
    "a chip. Bytes and operations are by the compiler’s own analysis."
)
# Each fate of a program: a symbol, and its name. The symbols are in the style sheet too.
FATES: Final = {
    Fate.COMPILED: ("✓", "compiles"),
    Fate.REFUSED: ("✕", "refused by the TPU compiler"),
    Fate.DIED: ("↯", "the TPU compiler ends"),
    Fate.NO_PROGRAM: ("∅", "TensorFlow fails before there is a program"),
    Fate.HELD: ("•", "as the case expects, without figures"),
    Fate.UNLIKE: ("≠", "not as the case says"),
    Fate.BLOCKED: ("⊘", "doesn’t install or import"),
    Fate.SKIPPED: ("–", "skipped"),
    Fate.UNAVAILABLE: ("▨", "unavailable here"),
    Fate.NOT_RUN: ("○", "not run"),
}
TRIED: Final = (Fate.COMPILED, Fate.REFUSED, Fate.DIED, Fate.NO_PROGRAM, Fate.HELD, Fate.UNLIKE)
# What the table can show in place of marks.
SHOWN: Final = {
    "code_bytes": "bytes of code",
    "argument_bytes": "bytes of arguments",
    "temporary_bytes": "bytes of temporaries",
    "peak_bytes": "bytes alive at once",
    "flops": "operations",
    "bytes_accessed": "bytes moved",
    "roofline_us": "least microseconds a run",
    "compile_seconds": "seconds to compile",
}


def realm(value: Realm) -> str:
    """A realm of devices as a filter says it."""
    match value:
        case Realm.HOST:
            return "run here"
        case Realm.CHIP:
            return "compiled for TPU"
        case Realm.STRATEGY:
            return "distributed"
        case Realm.HARDWARE:
            return "hardware"
        case _:
            assert_never(value)


def size(count: float, unit: str = "B") -> str:
    """`603 kB`, `3.2 MB`: three digits at most."""
    for prefix in ("", "k", "M", "G"):
        if abs(count) < 999.5:
            return f"{count:.3g} {prefix}{unit}".replace("  ", " ")
        count /= 1000
    return f"{count:.3g} T{unit}"


def seconds(value: float) -> str:
    """`0.53 s`, `12 s`."""
    return f"{value:.2g} s" if value < 10 else f"{value:,.0f} s"


def microseconds(value: float) -> str:
    """`17 µs`, `1.2 ms`."""
    return f"{value:.3g} µs" if value < 1000 else f"{value / 1000:.3g} ms"


def facts(figures: Figures) -> tuple[str, ...]:
    """What is known of a compiled program, a phrase each."""
    return tuple(_facts(figures))


def _facts(one: Figures) -> Iterator[str]:
    if one.code_bytes is not None:
        yield f"{size(one.code_bytes)} code"
    if one.argument_bytes is not None:
        yield f"{size(one.argument_bytes)} arguments"
    if one.temporary_bytes is not None:
        yield f"{size(one.temporary_bytes)} temporaries"
    needed = needed_bytes(one)
    if needed is not None and one.chip_bytes:
        yield f"{size(needed)} needed, {share(needed / one.chip_bytes)} of the chip’s {size(one.chip_bytes)}"
    if one.flops is not None:
        yield size(one.flops, "FLOP")
    if one.roofline_us is not None:
        yield f"at least {microseconds(one.roofline_us)} a run"
    if one.compile_seconds is not None:
        yield f"compiled in {seconds(one.compile_seconds)}"


def share(part: float) -> str:
    """`0.8 %`, `41 %`."""
    if part < 0.001:
        return "less than 0.1 %"
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.0f} %"


def newest(program: Program) -> Compile | None:
    """The compile of the newest TensorFlow that has one."""
    return next((one for one in reversed(program.compiles) if one and one.figures), None)


def refusal(program: Program) -> str:
    """What the newest version says that could be tried, if it doesn't compile the program; else empty."""
    return next((one.message for one in reversed(program.compiles) if one and one.fate in TRIED), "")


def totals(view: View) -> str:
    """The headline, in sentences."""
    found, labels = view.compiling.totals, list(wording.labels(view).values())
    told = [f"{wording.many(found.compiled, 'program')} compiled, {found.refused:,} refused"]
    told += [f"{found.died:,} ended the compiler"] if found.died else []
    told += [f"{found.no_program:,} failed before there was one"] if found.no_program else []
    sentences = [f"{', '.join(told)}: each case under each TensorFlow counts, for each chip."]
    if found.median_seconds is not None and found.worst is not None:
        worst = view.compiling.programs[found.worst.program]
        where = ", ".join(filter(None, (worst.model, worst.chip.value, f"TensorFlow {labels[found.worst.version]}")))
        sentences.append(
            f"A compile takes {seconds(found.median_seconds)} (median), {seconds(found.worst.seconds)} at worst ({where})."
        )
    if found.distinct < found.compiled:
        sentences.append(
            f"{found.compiled - found.distinct:,} of those that compiled are identical to another for that chip: "
            f"{found.distinct:,} compiles were made."
        )
    return " ".join(sentences)


def agreement(one: Agreement, versions: Sequence[str]) -> tuple[str, ...]:
    """What the differences from eager TensorFlow come to, in sentences. `versions` are those of the view."""
    shown = scale(versions)
    told = []
    for name, values, apart in (
        ("Run by TensorFlow’s own XLA, a program gives", one.own, one.own_apart),
        ("Run by the TPU compiler’s XLA, the same program gives", one.same, one.same_apart),
    ):
        usual = [value for value, far in zip(values, apart, strict=True) if value is not None and not far]
        far = [value for value, is_far in zip(values, apart, strict=True) if value is not None and is_far]
        said = [f"what is at most {wording.number(max(usual))} from eager TensorFlow’s results"] if usual else []
        said += (
            [
                f"{_between(far)} from them {_where(apart, shown)}"
                if usual
                else f"what is {_between(far)} from eager TensorFlow’s results"
            ]
            if far
            else []
        )
        if said:
            told.append(f"{name} {', but '.join(said)}.")
    own_alone = [
        own and not same and known is not None for own, same, known in zip(one.own_apart, one.same_apart, one.same, strict=True)
    ]
    if any(own_alone):
        told.append(
            f"{_where(own_alone, shown).capitalize()} the same program is right under another XLA: what TensorFlow would hand to a "
            "TPU is sound there, and its own compiler for the CPU is what differs."
        )
    both = [own and same for own, same in zip(one.own_apart, one.same_apart, strict=True)]
    if any(both):
        told.append(f"{_where(both, shown).capitalize()} both differ, so it is the program itself.")
    return tuple(told)


def _between(values: Sequence[float]) -> str:
    least, most = wording.number(min(values)), wording.number(max(values))
    return least if least == most else f"{least} to {most}"


def _where(chosen: Sequence[bool], shown: Scale) -> str:
    """`in 2.4, 2.8`, `in 2.1–2.8`."""
    return f"in {listed(tuple(spans(chosen, True, shown)), shown, None)}"
