"""Makes an INT8 variant of an ONNX model.

Prints exactly one JSON document on standard output: {state, message, seconds, versions, nodesQuantized}, where state
is Ready, Skipped (nothing to quantize), OutOfMemory or Failed; everything else goes to standard error. The output file
appears whole or not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import logging
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from calibration import SampleReader, read_samples

log = logging.getLogger("quantize")

# ConvInteger has no fast kernel on CPUs, so dynamic quantization leaves convolutions alone.
DYNAMIC_OPS = ["MatMul", "Attention", "LSTM", "Gather"]
# Only where arithmetic pays: quantizing element-wise operators as well costs accuracy and gains nothing.
STATIC_OPS = ["Conv", "MatMul", "Gemm"]
# DequantizeLinear has an axis from this version of the ONNX operator set on.
PER_CHANNEL_OPSET = 13
MEMORY_SIGNS = ("bad_alloc", "bad allocation", "can't start new thread", "cannot allocate memory")
INTEGER_KERNELS = {"MatMulInteger", "ConvInteger", "QAttention", "DynamicQuantizeLSTM"}


class NothingToQuantize(Exception):
    """INT8 gains nothing here; the message is a sentence for the user."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    mode: str
    input: Path
    output: Path
    calibration: Path | None
    method: str
    activations: str
    reduce_range: bool
    memory_bytes: int | None
    exit_with_parent: bool


def parse_options(arguments: list[str]) -> Options:
    """Reads the command line; argparse ends the program with status 2 when it is wrong."""
    parser = argparse.ArgumentParser(description="Makes an INT8 variant of an ONNX model.")
    parser.add_argument("--mode", choices=["dynamic", "static"], required=True)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--calibration", type=Path, help="samples for --mode static, see calibration.py")
    parser.add_argument("--method", choices=["minmax", "percentile"], default="minmax")
    parser.add_argument("--activations", choices=["uint8", "int8"], default="uint8", help="int8 suits ARM CPUs")
    parser.add_argument("--reduce-range", action="store_true", help="7-bit weights, for x86 CPUs without VNNI")
    parser.add_argument("--memory-bytes", type=int, help="limit of this program's data memory")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    return Options(**vars(parser.parse_args(arguments)))


def limit_memory(limit: int | None, model: Path) -> None:
    """Bounds private writable memory, so that a huge model fails here and not by the kernel's choice.

    Raises MemoryError at once where the model alone cannot fit: native code fails in odd ways later.
    """
    if limit is None or not sys.platform.startswith("linux"):
        return
    import resource

    if limit < data_in_use() + model.stat().st_size:
        raise MemoryError
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def data_in_use() -> int:
    """Bytes of private writable memory of this process, as RLIMIT_DATA counts them."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def exit_with_parent() -> None:
    """Ends this program when standard input closes, as it does when the tuner dies, however that happens."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def out_of_memory(error: Exception) -> bool:
    """Did memory run out? A SystemError is that, too: an extension failed where it could not say so."""
    return isinstance(error, (MemoryError, SystemError)) or any(sign in str(error).lower() for sign in MEMORY_SIGNS)


def refuse_quantized(model: Path) -> None:
    """Raises when the model is quantized already: doing it twice only loses accuracy."""
    graph = onnx.load(model, load_external_data=False).graph
    if any(node.op_type in INTEGER_KERNELS | {"DequantizeLinear"} for node in graph.node):
        raise NothingToQuantize("The model is quantized already.")


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


def make_dynamic(source: Path, target: Path, options: Options) -> None:
    """INT8 weights; the ranges of activations are computed at run time."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=DYNAMIC_OPS,
        per_channel=True,
        reduce_range=options.reduce_range,
        weight_type=QuantType.QInt8,
    )


def make_static(source: Path, target: Path, options: Options) -> None:
    """INT8 weights and activations (QDQ format), with the ranges of activations taken from the samples."""
    if options.calibration is None:
        raise ValueError("static quantization needs calibration samples")
    quantize_static(
        source,
        target,
        SampleReader(read_samples(options.calibration)),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=STATIC_OPS,
        nodes_to_exclude=nodes_to_keep(source),
        per_channel=True,
        reduce_range=options.reduce_range,
        activation_type=QuantType.QInt8 if options.activations == "int8" else QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax if options.method == "minmax" else CalibrationMethod.Percentile,
        # A stride of one sample bounds memory, and samples of different length cannot be stacked anyway.
        extra_options={"WeightSymmetric": True, "CalibStridedMinMax": 1},
    )


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


def count_quantized(model: Path) -> int:
    """Nodes that compute with integers: integer kernels, or operators between dequantized inputs."""
    graph = onnx.load(model, load_external_data=False).graph
    dequantized = {output for node in graph.node if node.op_type == "DequantizeLinear" for output in node.output}
    return sum(
        node.op_type in INTEGER_KERNELS or (node.op_type in STATIC_OPS and dequantized.issuperset(node.input[:2]))
        for node in graph.node
    )


def check_loads(model: Path) -> None:
    """Raises when the engine does not take the model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def quantize(options: Options) -> int:
    """Makes the variant and moves it into place. Returns the number of quantized nodes."""
    refuse_quantized(options.input)
    with tempfile.TemporaryDirectory(prefix=".quantize-", dir=options.output.parent) as scratch:
        raised, prepared, result = (Path(scratch, f"{step}.onnx") for step in ("raised", "prepared", "result"))
        raise_opset(options.input, raised)
        preprocess(raised, prepared)
        make = make_dynamic if options.mode == "dynamic" else make_static
        make(prepared, result, options)
        nodes = count_quantized(result)
        if nodes == 0:
            raise NothingToQuantize("The model has no operator that gains from INT8 in this form.")
        check_loads(result)
        os.replace(result, options.output)
        return nodes


def explain(error: Exception) -> tuple[str, str]:
    """State and sentence for the user; the details are on standard error."""
    text = str(error)
    if isinstance(error, NothingToQuantize):
        return "Skipped", text
    if out_of_memory(error):
        return "OutOfMemory", "There was not enough memory."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "Failed", "The disk is full: free some space, or choose another output directory."
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Failed", "The output directory is not writable: choose another one."
    return "Failed", f"The model could not be quantized ({type(error).__name__}: {text.splitlines()[0] if text else '?'})"


def run(options: Options) -> dict[str, object]:
    """The answer document. Never raises: a failure is an answer, too."""
    started = time.monotonic()
    nodes = 0
    try:
        limit_memory(options.memory_bytes, options.input)
        nodes = quantize(options)
        state, message = "Ready", f"{nodes} operators compute in INT8."
    except Exception as error:
        log.exception("quantization failed")
        state, message = explain(error)
    return {
        "state": state,
        "message": message[:1000],
        "seconds": round(time.monotonic() - started, 3),
        "versions": {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__},
        "nodesQuantized": nodes,
    }


def main() -> int:
    """Runs the command; the exit status is 0 when the variant was made."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    options = parse_options(sys.argv[1:])
    if options.exit_with_parent:
        exit_with_parent()
    # Libraries print as well: standard output belongs to the one document.
    with contextlib.redirect_stdout(sys.stderr):
        answer = run(options)
    print(json.dumps(answer))
    return 0 if answer["state"] == "Ready" else 1


if __name__ == "__main__":
    sys.exit(main())
