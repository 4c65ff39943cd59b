"""Commands of the TPU compiler: compile, compiler, sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from harness.base.workspace import Workspace
from harness.cli.app import NOT_COMPILED, app, progress, say
from harness.cli.options import (
    CURRENT_FOLDER,
    NO_LENGTHS,
    NO_NAMES,
    AsJson,
    Root,
)

COMPILE_HELP = """Compile a program for a TPU ahead of time, with Google's own compiler and without a TPU, and say what comes out.

FILE holds HLO, the language between TensorFlow and XLA: an HloModuleProto, an HloProto as XLA dumps it, or text.

\b
From TensorFlow 2.5 on:
    compiled = tf.function(model, jit_compile=True)
    ir = compiled.experimental_get_compiler_ir(*inputs)(stage="hlo_serialized")
    open("forward.hlo.pb", "wb").write(ir)
From any program, all that XLA compiles in it (before_optimizations is what to take):
    XLA_FLAGS="--xla_dump_to=DIR --xla_dump_hlo_as_proto" python program.py

\b
    hubmatrix compile forward.hlo.pb --chip v5e
    hubmatrix compile step.hlo.pb --chip v4 --chips 4 --split 0,1     data-parallel: parameters 0 and 1 are the batch

Exit codes: 0 it compiles; 1 it doesn't: the compiler refuses it, in its own words, or dies of it; 2 an option is wrong;
5 FILE isn't HLO; 6 the compiler isn't available on this machine.
"""


@app.command("compile", help=COMPILE_HELP)
def compile_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The program.")],
    chip: Annotated[str, typer.Option(help="v2, v3, v4, v5e, v5p, v6e or 7x.")] = "v5e",
    chips: Annotated[int, typer.Option(help="Compile for so many chips (cores of v2, v3 and 7x).", min=1)] = 1,
    split: Annotated[
        str, typer.Option(help="Parameters that are cut along dimension 0 over the chips, by number: 0,1. Others are on each.")
    ] = "",
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    from harness.commands import compile

    answer = compile.compile_file(Workspace(root=root.resolve()), file, chip, chips, split)
    if as_json:
        print(json.dumps({"format": 1, "chip": chip, "chips": chips, **json.loads(answer.as_json())}, indent=1))
    else:
        say(compile.answer_text(answer, chip, chips))
    raise typer.Exit(0 if compile.is_compiled(answer) else NOT_COMPILED)


@app.command()
def compiler(
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Serve the TPU compiler to cases that you run by hand, on a socket that you alone can reach, until Ctrl-C. Needs no TPU."""
    from harness.commands import compile

    compile.serve_compiler(Workspace(root=root.resolve()), as_json=as_json, tell=lambda text: print(text, flush=True))


@app.command()
def sizes(
    model: Annotated[
        list[str], typer.Option("--model", help="bert-base, small-bert, small-bert-bf16; all if not given.")
    ] = NO_NAMES,
    operation: Annotated[
        list[str], typer.Option("--operation", help="forward, adamw, sgd; the first two if not given.")
    ] = NO_NAMES,
    length: Annotated[list[int], typer.Option("--length", help="128 and 512 if not given; repeatable.")] = NO_LENGTHS,
    chip: Annotated[list[str], typer.Option("--chip", help="v5e and v4 if not given; repeatable.")] = NO_NAMES,
    only_list: Annotated[bool, typer.Option("--list", help="Show the results so far; measure nothing.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Also put the table into docs/tpu-sizes.md and its data beside.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of --json.")] = False,
    as_json: AsJson = False,
    root: Root = CURRENT_FOLDER,
) -> None:
    """Find the largest batch that fits a TPU chip, for models of true size, by the TPU compiler. Needs no TPU, but time.

    Each compile takes half a minute to minutes; what was measured is kept. Ctrl-C is safe; the same command goes on.
    """
    from harness.commands import sizes
    from harness.studies.sizes import document, terminal

    if schema:
        print(json.dumps(document.sizes_schema(), indent=1))
        return
    workspace = Workspace(root=root.resolve())
    selection = sizes.SizeSelection.of(model, operation, length, chip)
    tables = sizes.measure_sizes(workspace, selection, progress, only_list=only_list)
    pages = sizes.write_page(workspace, tables.complete) if write else ()
    if as_json:
        print(sizes.document_json(tables.selected), end="")
    else:
        terminal.show(tables.selected)
    for page in pages:
        progress(f"page  {page.relative_to(workspace.root)}")
