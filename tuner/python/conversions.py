"""Variants that keep floating-point numbers: an optimized graph, and half precision."""

from __future__ import annotations

import logging
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.float16 import convert_float_to_float16

from prepare import NothingToDo

log = logging.getLogger("quantize")


def node_count(model: Path) -> int:
    """Nodes of the main graph."""
    return len(onnx.load(model, load_external_data=False).graph.node)


def fuse_transformer(source: Path, target: Path) -> str:
    """Writes the model with attention, normalization and activation fused. Returns what was fused; may be nothing."""
    try:
        fused = optimizer.optimize_model(str(source), model_type="bert", opt_level=0, use_gpu=False)
    except Exception as error:  # written for transformers, it refuses other models with errors of many kinds
        log.warning("fusing failed: %s", error)
        return ""
    found = {name: count for name, count in fused.get_fused_operator_statistics().items() if count > 0}
    if not found:
        return ""
    fused.save_model_to_file(str(target))
    return ", ".join(f"{count} {name}" for name, count in sorted(found.items()))


def make_optimized(source: Path, target: Path) -> str:
    """Optimizes the graph before it is loaded: fusions for transformers, then what the engine does itself, offline."""
    fused = target.with_suffix(".fused.onnx")
    fusions = fuse_transformer(source, fused)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Beyond this level the layout of tensors would suit the very CPU that wrote the file.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(fused if fusions else source, options, providers=["CPUExecutionProvider"])
    before, after = node_count(source), node_count(target)
    if before == after:
        raise NothingToDo("The graph has nothing that could be optimized before it is loaded.")
    detail = f", with {fusions}" if fusions else ""
    return f"{before} operators became {after}{detail}."


def make_half(source: Path, target: Path) -> str:
    """FP16 inside; inputs and outputs stay as they are."""
    model = convert_float_to_float16(onnx.load(source), keep_io_types=True)
    constants = [attribute.t for node in model.graph.node for attribute in node.attribute if node.op_type == "Constant"]
    weights = [*model.graph.initializer, *constants]
    halves = sum(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in weights)
    if halves == 0:
        raise NothingToDo("The model has no FP32 weights that could become FP16.")
    onnx.save(model, target)
    return f"{halves} weights are FP16."
