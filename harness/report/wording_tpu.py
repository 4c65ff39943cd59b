"""Own the words and units for programs compiled for TPU, which several renderers share."""

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
    Fate.AS_EXPECTED: ("•", "as the case expects, without figures"),
    Fate.UNLIKE: ("≠", "not as the case says"),
    Fate.BLOCKED: ("⊘", "doesn’t install or import"),
    Fate.SKIPPED: ("–", "skipped"),
    Fate.UNAVAILABLE: ("▨", "unavailable here"),
    Fate.NOT_RUN: ("○", "not run"),
}
TRIED: Final = (Fate.COMPILED, Fate.REFUSED, Fate.DIED, Fate.NO_PROGRAM, Fate.AS_EXPECTED, Fate.UNLIKE)
# The figures that the table can show in place of marks.
FIGURE_NAMES: Final = {
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
    """Return the name of a realm of devices, for a filter."""
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
    """Format a count of bytes or other units: `603 kB`, `3.2 MB`, three digits at most."""
    for prefix in ("", "k", "M", "G"):
        # In three digits a number from 999.5 on would be `1e+03`.
        if abs(count) < 999.5:
            return f"{count:.3g} {prefix}{unit}"
        count /= 1000
    return f"{count:.3g} T{unit}"


def seconds(value: float) -> str:
    """Format seconds: `0.53 s`, `12 s`."""
    return f"{value:.2g} s" if value < 10 else f"{value:,.0f} s"


def microseconds(value: float) -> str:
    """Format microseconds: `17 µs`, `1.2 ms`."""
    return f"{value:.3g} µs" if value < 999.5 else f"{value / 1000:.3g} ms"


def facts(figures: Figures) -> tuple[str, ...]:
    """Return the known figures of a compiled program, a phrase for each."""
    return tuple(_facts(figures))


def _facts(figures: Figures) -> Iterator[str]:
    if figures.code_bytes is not None:
        yield f"{size(figures.code_bytes)} code"
    if figures.argument_bytes is not None:
        yield f"{size(figures.argument_bytes)} arguments"
    if figures.temporary_bytes is not None:
        yield f"{size(figures.temporary_bytes)} temporaries"
    needed = needed_bytes(figures)
    if needed is not None and figures.chip_bytes:
        yield f"{size(needed)} needed, {share(needed / figures.chip_bytes)} of the chip’s {size(figures.chip_bytes)}"
    if figures.flops is not None:
        yield size(figures.flops, "FLOP")
    if figures.roofline_us is not None:
        yield f"at least {microseconds(figures.roofline_us)} a run"
    if figures.compile_seconds is not None:
        yield f"compiled in {seconds(figures.compile_seconds)}"


def share(part: float) -> str:
    """Format a fraction of 1 as a percentage: `0.8 %`, `41 %`."""
    if part < 0.001:
        return "less than 0.1 %"
    # In two digits a share from 99.5 % on would be `1e+02`.
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.0f} %"


def newest(program: Program) -> Compile | None:
    """Return the compile with figures of the newest TensorFlow that has one; None if none does."""
    return next((compile_ for compile_ in reversed(program.compiles) if compile_ and compile_.figures), None)


def refusal(program: Program) -> str:
    """Return the error of the newest version that could be tried; empty if that version compiles the program."""
    return next((compile_.message for compile_ in reversed(program.compiles) if compile_ and compile_.fate in TRIED), "")


def totals(view: View) -> str:
    """Return the headline of the programs, in sentences."""
    totals, labels = view.compiling.totals, list(wording.labels(view).values())
    counts = [f"{wording.many(totals.compiled, 'program')} compiled, {totals.refused:,} refused"]
    counts += [f"{totals.died:,} ended the compiler"] if totals.died else []
    counts += [f"{totals.no_program:,} failed before there was one"] if totals.no_program else []
    sentences = [f"{', '.join(counts)}: each case under each TensorFlow counts, for each chip."]
    if totals.median_seconds is not None and totals.worst is not None:
        worst = view.compiling.programs[totals.worst.program]
        where = ", ".join(filter(None, (worst.model, worst.chip.value, f"TensorFlow {labels[totals.worst.version]}")))
        sentences.append(
            f"A compile takes {seconds(totals.median_seconds)} (median), {seconds(totals.worst.seconds)} at worst ({where})."
        )
    if totals.distinct < totals.compiled:
        sentences.append(
            f"{totals.compiled - totals.distinct:,} of those that compiled are identical to another for that chip: "
            f"{totals.distinct:,} compiles were made."
        )
    return " ".join(sentences)


def agreement(agreement: Agreement, versions: Sequence[str]) -> tuple[str, ...]:
    """Describe how far results are from eager TensorFlow's, in sentences. `versions` are those of the view."""
    version_scale = scale(versions)
    own, same = agreement.own_apart, agreement.same_apart
    sentences = [
        *_differences("Run by TensorFlow’s own XLA, a program’s results", agreement.own, own, version_scale),
        *_differences("Run by the TPU compiler’s XLA, the same program’s results", agreement.same, same, version_scale),
    ]
    # The same program was run by both compilers: if it differs under one alone, that compiler is wrong, not the program.
    only_own = [
        by_own and not by_same and value is not None for by_own, by_same, value in zip(own, same, agreement.same, strict=True)
    ]
    if any(only_own):
        sentences.append(
            f"{_where(only_own, version_scale).capitalize()} the same program is right under another XLA: what TensorFlow would "
            "hand to a TPU is sound there, and its own compiler for the CPU is what differs."
        )
    under_both = [by_own and by_same for by_own, by_same in zip(own, same, strict=True)]
    if any(under_both):
        sentences.append(f"{_where(under_both, version_scale).capitalize()} both differ, so it is the program itself.")
    return tuple(sentences)


def _differences(subject: str, values: Sequence[float | None], apart: Sequence[bool], version_scale: Scale) -> Iterator[str]:
    """Yield a sentence about the differences under one compiler; none if nothing was compared."""
    near = [value for value, is_apart in zip(values, apart, strict=True) if value is not None and not is_apart]
    far = [value for value, is_apart in zip(values, apart, strict=True) if value is not None and is_apart]
    parts = [f"differ from eager TensorFlow’s by at most {wording.number(max(near))}"] if near else []
    if far:
        most = _between(far)
        parts.append(f"by {most} {_where(apart, version_scale)}" if near else f"differ from eager TensorFlow’s by {most}")
    if parts:
        yield f"{subject} {', but '.join(parts)}."


def _between(values: Sequence[float]) -> str:
    least, most = wording.number(min(values)), wording.number(max(values))
    return least if least == most else f"{least} to {most}"


def _where(chosen: Sequence[bool], version_scale: Scale) -> str:
    """Return the chosen versions as `in 2.4, 2.8` or `in 2.1–2.8`."""
    return f"in {listed(tuple(spans(chosen, True, version_scale)), version_scale, None)}"
