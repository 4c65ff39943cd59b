"""A SavedModel folder, TF1 Hub modules included, read without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.base.errors import ModelError
from harness.models.inspect import messages, packages
from harness.models.inspect.structures import of_info, shape, structure
from harness.models.inspect.tree import File, Tree, unreadable
from harness.models.inspect.values import Call, Constant, Content, Items, Named, Signature, Structure, Variable

PROTO = "saved_model.pb"
LARGEST_PROTO = 2**30
"""Protocol buffers end at 2 GiB; reading one takes twice its size in memory."""
BEGINNINGS = (b"\x08", b"\x12")
"""The tags of a SavedModel's two fields: schema version, graph."""
SERVE = "serve"
KERAS_MARKS = ("_tf_keras_", "_keras_")


def read(tree: Tree) -> Content:
    """What a folder with a saved_model.pb says. ModelError where that file is too big, damaged or empty of graphs."""
    file = tree.find(PROTO)
    if file is None:
        raise ModelError(f"{PROTO} is no file", place=str(tree.root))
    graphs = list(_parse(file).meta_graphs)
    if not graphs:
        raise ModelError("holds no graph", place=str(file.path), hint="the file is cut off: copy or export the model again")
    graph = _chosen(graphs)
    ops = frozenset(_ops(graph))
    return Content(
        written_by=f"TensorFlow {graph.meta_info_def.tensorflow_version}" if graph.meta_info_def.tensorflow_version else "",
        tags=tuple(tuple(sorted(one.meta_info_def.tags)) for one in graphs),
        signatures=tuple(_signatures(graph)),
        calls=tuple(_calls(graph.object_graph_def)),
        variables=tuple(_variables(graph)),
        ops=ops,
        packages=packages.needed(ops),
        keras=_is_keras(tree, graph.object_graph_def),
        notes=tuple(_notes(tree, graphs)),
    )


def _parse(file: File) -> Any:
    place, hint = str(file.path), "copy or export the model again"
    if file.size > LARGEST_PROTO:
        told = f"{file.size / 2**30:.1f} GiB, and at most {LARGEST_PROTO / 2**30:.0f} GiB can be inspected"
        raise ModelError(told, place=place, hint="weights belong into variables/, not into the graph")
    try:
        with file.path.open("rb") as opened:
            beginning = opened.read(1)
            data = beginning + opened.read(LARGEST_PROTO) if beginning in BEGINNINGS else b""
    except OSError as trouble:
        raise unreadable(trouble, file.path) from trouble
    if not data:
        raise ModelError("empty" if not file.size else "no protocol buffer of a SavedModel", place=place, hint=hint)
    try:
        return messages.saved_model(data)
    except messages.DecodeError as trouble:
        raise ModelError(f"cut off or damaged: {trouble}", place=place, hint=hint) from trouble


def _chosen(graphs: list[Any]) -> Any:
    """The graph that loaders take when nobody names tags: that tagged `serve`, else the one with fewest tags."""
    return min(graphs, key=lambda graph: (SERVE not in graph.meta_info_def.tags, len(graph.meta_info_def.tags)))


def _signatures(graph: Any) -> Iterator[Signature]:
    """In the order of their names. Those that TensorFlow adds for itself (initialisation) have no outputs with a name."""
    for name in sorted(graph.signature_def):
        found = graph.signature_def[name]
        if not name.startswith("__saved_model_"):
            yield Signature(
                name=name,
                inputs=tuple(of_info(key, found.inputs[key]) for key in sorted(found.inputs)),
                outputs=tuple(of_info(key, found.outputs[key]) for key in sorted(found.outputs)),
            )


def _calls(objects: Any) -> Iterator[Call]:
    """Every trace of the root object's `__call__`."""
    if not objects.nodes:
        return
    places = {child.local_name: child.node_id for child in objects.nodes[0].children}
    if not 0 <= places.get("__call__", -1) < len(objects.nodes):
        return
    for name in objects.nodes[places["__call__"]].function.concrete_functions:
        traced = objects.concrete_functions.get(name)
        if traced is None:
            continue
        match structure(traced.canonicalized_input_signature):
            case Items(items=(Items(items=args), Named(items=kwargs))):
                yield Call(args=args, kwargs=kwargs, outputs=_outputs(traced))
            case _:
                pass


def _outputs(traced: Any) -> Structure | None:
    found = structure(traced.output_signature)
    return None if isinstance(found, Constant) else found


def _variables(graph: Any) -> Iterator[Variable]:
    """From the saved objects; from the graph's collections where it has none (TF1)."""
    seen = False
    for node in graph.object_graph_def.nodes:
        if node.HasField("variable"):
            seen, found = True, node.variable
            dtype = messages.DTYPES.get(found.dtype, f"type {found.dtype}")
            yield Variable(name=found.name, dtype=dtype, shape=shape(found.shape), trainable=found.trainable)
    if not seen:
        names = {what: list(_collected(graph, what)) for what in ("variables", "trainable_variables")}
        for name in names["variables"]:
            yield Variable(name=name, dtype="", shape=None, trainable=name in names["trainable_variables"])


def _collected(graph: Any, what: str) -> Iterator[str]:
    if what in graph.collection_def:
        for data in graph.collection_def[what].bytes_list.value:
            try:
                yield messages.variable(data).variable_name.partition(":")[0]
            except messages.DecodeError:
                continue  # an item that is no variable; the graph itself can still be loaded


def _ops(graph: Any) -> Iterator[str]:
    yield from (node.op for node in graph.graph_def.node)
    for function in graph.graph_def.library.function:
        yield from (node.op for node in function.node_def)


def _is_keras(tree: Tree, objects: Any) -> bool:
    if tree.find("keras_metadata.pb"):
        return True
    return bool(objects.nodes) and objects.nodes[0].user_object.identifier.startswith(KERAS_MARKS)


def _notes(tree: Tree, graphs: list[Any]) -> Iterator[str]:
    graph = _chosen(graphs)
    weights = [file.name for file in tree.files if file.name.startswith("variables/variables.")]
    if any(True for _ in _variables(graph)):
        if "variables/variables.index" not in weights:
            yield "variables/variables.index is missing, and the graph has variables"
        if not any(".data-" in name for name in weights):
            yield "variables/variables.data-* is missing, and the graph has variables"
    if all(SERVE not in one.meta_info_def.tags for one in graphs) and not tree.find("tfhub_module.pb"):
        told = ", ".join(f"{{{', '.join(sorted(one.meta_info_def.tags))}}}" for one in graphs)
        yield f"no graph is tagged {SERVE!r}; there are: {told}"
    for asset in sorted({name for name in _assets(graph) if not tree.find(f"assets/{name}")}):
        yield f"assets/{asset} is missing"


def _assets(graph: Any) -> Iterator[str]:
    yield from (one.filename for one in graph.asset_file_def if one.filename)
