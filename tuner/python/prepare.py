"""What happens to a model before it is quantized, and which of its nodes are worth it."""

from __future__ import annotations

import logging
from pathlib import Path

import onnx
from onnxruntime.quantization.shape_inference import quant_pre_process

from limits import out_of_memory

log = logging.getLogger("quantize")

# Only where arithmetic pays: quantizing element-wise operators as well costs accuracy and gains nothing.
STATIC_OPS = ["Conv", "MatMul", "Gemm"]
# DequantizeLinear has an axis from this version of the ONNX operator set on.
PER_CHANNEL_OPSET = 13
INTEGER_KERNELS = {"MatMulInteger", "ConvInteger", "QAttention", "DynamicQuantizeLSTM"}


class NothingToDo(Exception):
    """The variant would gain nothing here; the message is a sentence for the user."""


def refuse_quantized(model: Path) -> None:
    """Raises when the model is quantized already: doing it twice only loses accuracy."""
    graph = onnx.load(model, load_external_data=False).graph
    if any(node.op_type in INTEGER_KERNELS | {"DequantizeLinear"} for node in graph.node):
        raise NothingToDo("The model is quantized already.")


def raise_opset(source: Path, target: Path) -> None:
    """Copies the model, converted to an operator set that can hold one scale per channel where it is older."""
    model = onnx.load(source)
    version = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    if version < PER_CHANNEL_OPSET:
        model = onnx.version_converter.convert_version(model, PER_CHANNEL_OPSET)
    onnx.save(model, target)


def preprocess(source: Path, target: Path) -> None:
    """Shape inference and basic graph optimization, as onnxruntime recommends before quantization."""
    for skips in ({}, {"skip_symbolic_shape": True}, {"skip_symbolic_shape": True, "skip_optimization": True}):
        try:
            quant_pre_process(source, target, **skips)
            return
        except Exception as error:  # each step refuses some valid models with errors of its own
            if isinstance(error, OSError) or out_of_memory(error):
                raise
            log.warning("pre-processing with %s failed: %s", skips, error)
    raise ValueError("its shapes could not be inferred")


def name_nodes(model: Path) -> None:
    """Gives a name to each node that has none: only named nodes can be left as they are."""
    content = onnx.load(model)
    unnamed = [node for node in content.graph.node if not node.name]
    for number, node in enumerate(unnamed):
        node.name = f"unnamed-{number}"
    if unnamed:
        onnx.save(content, model)


def prepared(source: Path, scratch: Path) -> Path:
    """A copy of the model in `scratch` that can be quantized; the same source always gives the same names of nodes."""
    refuse_quantized(source)
    raised, ready = scratch / "raised.onnx", scratch / "prepared.onnx"
    raise_opset(source, raised)
    preprocess(raised, ready)
    return ready


def channel_count(weight: onnx.TensorProto) -> int:
    """Input channels per group of a convolution's weight [out, in / groups, ...]."""
    return weight.dims[1] if len(weight.dims) > 1 else 0


def nodes_to_keep(model: Path) -> list[str]:
    """Names of the nodes that stay FP32 in a static variant, because INT8 costs them accuracy and gains nothing.

    Depthwise convolutions move memory more than they compute. Products of two activations (attention scores) have
    ranges that vary from input to input.
    """
    graph = onnx.load(model, load_external_data=False).graph
    weights = {tensor.name: tensor for tensor in graph.initializer}

    def keeps(node: onnx.NodeProto) -> bool:
        weight = next((weights[name] for name in node.input if name in weights), None)
        if node.op_type == "Conv":
            return weight is not None and channel_count(weight) == 1
        return node.op_type == "MatMul" and weight is None

    return [node.name for node in graph.node if keeps(node)]
