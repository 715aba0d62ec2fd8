"""Makes a variant of an ONNX model: INT8, half precision, or with its graph optimized.

Prints exactly one JSON document on standard output: {state, message, seconds, versions, nodesQuantized}, where state
is Ready, Skipped (nothing to gain), OutOfMemory or Failed; everything else goes to standard error. The output file
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
import time
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_dynamic, quantize_static

from calibration import SampleReader, read_samples
from limits import exit_with_parent, limit_memory, out_of_memory
from prepare import INTEGER_KERNELS, STATIC_OPS, NothingToDo, name_nodes, nodes_to_keep, prepared

log = logging.getLogger("quantize")

# ConvInteger has no fast kernel on CPUs, so dynamic quantization leaves convolutions alone.
DYNAMIC_OPS = ["MatMul", "Attention", "LSTM", "Gather"]
METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}


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
    keep: Path | None
    seconds: float
    memory_bytes: int | None
    exit_with_parent: bool


def parse_options(arguments: list[str]) -> Options:
    """Reads the command line; argparse ends the program with status 2 when it is wrong."""
    parser = argparse.ArgumentParser(description="Makes a variant of an ONNX model.")
    modes = ["dynamic", "static", "nncf", "optimized", "half", "sensitivity"]
    parser.add_argument("--mode", choices=modes, required=True, help="sensitivity: rank the nodes, worst first, as JSON")
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--calibration", type=Path, help="samples for --mode static, see calibration.py")
    parser.add_argument("--method", choices=list(METHODS), default="minmax")
    parser.add_argument("--activations", choices=["uint8", "int8"], default="uint8", help="int8 suits ARM CPUs")
    parser.add_argument("--reduce-range", action="store_true", help="7-bit weights, for x86 CPUs without VNNI")
    parser.add_argument("--keep", type=Path, help="JSON list of the nodes that stay FP32 in --mode static")
    parser.add_argument("--seconds", type=float, default=30, help="how long --mode sensitivity may measure")
    parser.add_argument("--memory-bytes", type=int, help="limit of this program's data memory")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    return Options(**vars(parser.parse_args(arguments)))


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
        nodes_to_exclude=nodes_to_keep(source) + kept_nodes(options),
        per_channel=True,
        reduce_range=options.reduce_range,
        activation_type=QuantType.QInt8 if options.activations == "int8" else QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=METHODS[options.method],
        # A stride of one sample bounds memory, and samples of different length cannot be stacked anyway.
        extra_options={"WeightSymmetric": True, "CalibStridedMinMax": 1},
    )


def make_for_openvino(source: Path, target: Path, options: Options) -> None:
    """INT8 as NNCF chooses it for OpenVINO, with the ranges of activations taken from the samples."""
    if options.calibration is None:
        raise ValueError("quantization by NNCF needs calibration samples")
    try:
        # Loaded here: it takes two seconds, and need not be installed.
        from nncf_variant import make_nncf
    except ImportError as error:
        raise NothingToDo(f"NNCF is not installed ({error}): run `npm run setup`.") from error
    make_nncf(source, target, read_samples(options.calibration), options.reduce_range)


def kept_nodes(options: Options) -> list[str]:
    """The nodes that the command line leaves FP32."""
    return [] if options.keep is None else json.loads(options.keep.read_text())


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


def quantize(options: Options, scratch: Path, result: Path) -> tuple[int, str]:
    """Makes an INT8 variant. Returns the number of quantized nodes, and what was made in words."""
    ready = prepared(options.input, scratch)
    if options.keep is not None:
        name_nodes(ready)
    make = {"dynamic": make_dynamic, "static": make_static, "nncf": make_for_openvino}[options.mode]
    make(ready, result, options)
    nodes = count_quantized(result)
    if nodes == 0:
        raise NothingToDo("The model has no operator that gains from INT8 in this form.")
    kept = f", {len(kept_nodes(options))} stay FP32" if options.keep is not None else ""
    bits = ", with 7-bit weights" if options.reduce_range else ""
    return nodes, f"{nodes} operators compute in INT8{kept}{bits}."


def convert(options: Options, result: Path) -> str:
    """Makes a variant that keeps floating-point numbers."""
    # Loaded here: it takes a second that quantization need not wait for.
    from conversions import make_half, make_optimized

    make_variant = make_half if options.mode == "half" else make_optimized
    return make_variant(options.input, result)


def rank(options: Options, scratch: Path, result: Path) -> tuple[int, str]:
    """Writes the nodes that quantization may leave FP32 as a JSON list, the worst first."""
    from sensitivity import rank_nodes

    if options.calibration is None:
        raise ValueError("sensitivity needs calibration samples")
    ready = prepared(options.input, scratch)
    name_nodes(ready)
    samples = read_samples(options.calibration)
    ranking, measured = rank_nodes(ready, samples, options.activations, options.reduce_range, options.seconds)
    if not ranking:
        raise NothingToDo("The model has no operator that gains from INT8 in this form.")
    result.write_text(json.dumps(ranking))
    return len(ranking), f"{measured} of {len(ranking)} operators were measured one by one."


def make(options: Options) -> tuple[int, str]:
    """Makes what is asked for and moves it into place."""
    with tempfile.TemporaryDirectory(prefix=".quantize-", dir=options.output.parent) as folder:
        scratch = Path(folder)
        result = scratch / "result.onnx"
        if options.mode == "sensitivity":
            answer = rank(options, scratch, result)
        elif options.mode in ("optimized", "half"):
            answer = (0, convert(options, result))
        else:
            answer = quantize(options, scratch, result)
        if options.mode != "sensitivity":
            check_loads(result)
        os.replace(result, options.output)
        return answer


def explain(error: Exception) -> tuple[str, str]:
    """State and sentence for the user; the details are on standard error."""
    text = str(error)
    if isinstance(error, NothingToDo):
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
        nodes, message = make(options)
        state = "Ready"
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
