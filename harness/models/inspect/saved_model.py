"""Read a SavedModel folder, TF1 Hub modules included, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.base.errors import ModelError
from harness.models.inspect import keras_classes, keras_metadata, messages, packages, variables
from harness.models.inspect.composite import grouped
from harness.models.inspect.random_ops import Graph
from harness.models.inspect.sample import tensors
from harness.models.inspect.structures import of_info, structure
from harness.models.inspect.tree import File, Tree, unreadable
from harness.models.inspect.values import Call, Constant, Content, Items, Named, Signature, Structure, Tensor, Variable

PROTO = "saved_model.pb"
LARGEST_PROTO = 2**30
"""Protocol buffers end at 2 GiB; reading one takes twice its size in memory."""
BEGINNINGS = (b"\x08", b"\x12")
"""The tags of a SavedModel's two fields: schema version, graph."""
SERVE = "serve"
KERAS_MARKS = ("_tf_keras_", "_keras_")


def read_saved_model(tree: Tree) -> Content:
    """Read a folder with a saved_model.pb. Raises ModelError if that file is too big, damaged or has no graph."""
    file = tree.find(PROTO)
    if file is None:
        raise ModelError(f"{PROTO} isn't a file", location=str(tree.root))
    graphs = list(_parse(file).meta_graphs)
    if not graphs:
        raise ModelError("holds no graph", location=str(file.path), hint="the file is cut off: copy or export the model again")
    graph = _chosen(graphs)
    ops = frozenset(_ops(graph))
    functions = Graph(graph.graph_def)
    signatures = tuple(_signatures(graph, functions))
    weights, state = variables.read_variables(graph)
    configs = tuple(keras_metadata.configs(tree, graph.object_graph_def))
    return Content(
        written_by=f"TensorFlow {graph.meta_info_def.tensorflow_version}" if graph.meta_info_def.tensorflow_version else "",
        tags=tuple(tuple(sorted(meta_graph.meta_info_def.tags)) for meta_graph in graphs),
        signatures=signatures,
        calls=tuple(_calls(graph.object_graph_def, functions)),
        variables=weights,
        state=state,
        ops=ops,
        packages=packages.needed(ops),
        keras=_is_keras(tree, graph.object_graph_def),
        custom=tuple(sorted({name for config in configs for name in keras_classes.custom_classes(config)})),
        lambdas=tuple(sorted({name for config in configs for name in keras_classes.lambda_layers(config)})),
        notes=tuple(_notes(tree, graphs, signatures, weights)),
    )


def _parse(file: File) -> Any:
    location, hint = str(file.path), "copy or export the model again"
    if file.size > LARGEST_PROTO:
        message = f"{file.size / 2**30:.1f} GiB, and at most {LARGEST_PROTO / 2**30:.0f} GiB can be inspected"
        raise ModelError(message, location=location, hint="weights belong into variables/, not into the graph")
    try:
        with file.path.open("rb") as opened:
            # As many bytes as were listed, for Python takes that much memory before it reads.
            # The first byte alone at first: up to 1 GiB of something else need not be read into memory.
            beginning = opened.read(1)
            data = beginning + opened.read(file.size) if beginning in BEGINNINGS else b""
    except OSError as trouble:
        raise unreadable(trouble, file.path) from trouble
    if not data:
        raise ModelError("empty" if not file.size else "not a protocol buffer of a SavedModel", location=location, hint=hint)
    try:
        return messages.saved_model(data)
    except messages.DecodeError as trouble:
        raise ModelError(f"cut off or damaged: {trouble}", location=location, hint=hint) from trouble


def _chosen(graphs: list[Any]) -> Any:
    """Return the graph that loaders take when no tags are given: the one tagged `serve`, else the one with fewest tags."""
    return min(graphs, key=lambda graph: (SERVE not in graph.meta_info_def.tags, len(graph.meta_info_def.tags)))


def _signatures(graph: Any, functions: Graph) -> Iterator[Signature]:
    """Yield the signatures in the order of their names, without those that TensorFlow adds for itself (initialisation)."""
    composites = tuple(_composites(graph.object_graph_def))
    for name in sorted(graph.signature_def):
        described = graph.signature_def[name]
        if not name.startswith("__saved_model_"):
            inputs = [of_info(key, described.inputs[key]) for key in sorted(described.inputs)]
            yield Signature(
                name=name,
                inputs=grouped(inputs, composites),
                outputs=tuple(of_info(key, described.outputs[key]) for key in sorted(described.outputs)),
                random=functions.of_outputs(info.name for info in described.outputs.values()),
            )


def _composites(objects: Any) -> Iterator[Tensor]:
    """Yield every ragged or sparse tensor that a function of the model takes."""
    for function in objects.concrete_functions.values():
        yield from (tensor for tensor in tensors(structure(function.canonicalized_input_signature)) if tensor.is_composite)


def _calls(objects: Any, functions: Graph) -> Iterator[Call]:
    """Yield every trace of the root object's `__call__`."""
    if not objects.nodes:
        return
    children = {child.local_name: child.node_id for child in objects.nodes[0].children}
    if not 0 <= children.get("__call__", -1) < len(objects.nodes):
        return
    for name in objects.nodes[children["__call__"]].function.concrete_functions:
        traced = objects.concrete_functions.get(name)
        if traced is None:
            continue
        match structure(traced.canonicalized_input_signature):
            case Items(items=(Items(items=args), Named(items=kwargs))):
                yield Call(args=args, kwargs=kwargs, outputs=_outputs(traced), random=functions.of_function(name))
            case _:
                pass


def _outputs(traced: Any) -> Structure | None:
    outputs = structure(traced.output_signature)
    return None if isinstance(outputs, Constant) else outputs


def _ops(graph: Any) -> Iterator[str]:
    yield from (node.op for node in graph.graph_def.node)
    for function in graph.graph_def.library.function:
        yield from (node.op for node in function.node_def)


def _is_keras(tree: Tree, objects: Any) -> bool:
    if tree.find("keras_metadata.pb"):
        return True
    return bool(objects.nodes) and objects.nodes[0].user_object.identifier.startswith(KERAS_MARKS)


def _notes(tree: Tree, graphs: list[Any], signatures: Sequence[Signature], weights: Sequence[Variable]) -> Iterator[str]:
    files = [file.name for file in tree.files if file.name.startswith("variables/variables.")]
    if weights:
        if "variables/variables.index" not in files:
            yield "variables/variables.index is missing, and the graph has variables"
        if not any(".data-" in name for name in files):
            yield "variables/variables.data-* is missing, and the graph has variables"
    if all(SERVE not in graph.meta_info_def.tags for graph in graphs) and not tree.find("tfhub_module.pb"):
        tags = ", ".join(f"{{{', '.join(sorted(graph.meta_info_def.tags))}}}" for graph in graphs)
        yield f"no graph is tagged {SERVE!r}; there are: {tags}"
    for asset in sorted({name for name in _assets(_chosen(graphs)) if not tree.find(f"assets/{name}")}):
        yield f"assets/{asset} is missing"
    for signature in signatures:
        yield from (f"{signature.name}: {tensor.note}" for tensor in signature.inputs if tensor.note)
        if signature.random:
            yield f"{signature.name} draws random numbers ({', '.join(signature.random)}): its values can't be compared"


def _assets(graph: Any) -> Iterator[str]:
    yield from (asset.filename for asset in graph.asset_file_def if asset.filename)
