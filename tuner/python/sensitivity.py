"""Finds which nodes lose most when they are quantized: each one alone, against the model as it is."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from calibration import Sample, SampleReader
from prepare import STATIC_OPS, nodes_to_keep

# More say hardly more about which node is worst, and each costs a run for every node.
MOST_JUDGES = 8


def open_session(model: str | bytes | Path) -> onnxruntime.InferenceSession:
    """A session on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answers(session: onnxruntime.InferenceSession, samples: list[Sample]) -> list[np.ndarray]:
    """All floating-point outputs of each sample, one after the other."""
    outputs = (session.run(None, sample) for sample in samples)
    return [np.concatenate([np.ravel(part) for part in parts if part.dtype.kind == "f"]) for parts in outputs]


def error_between(exact: list[np.ndarray], near: list[np.ndarray]) -> float:
    """Root of the squared error over the squared answer; infinite where something is no number."""
    wrong = sum(float(np.square(a - b).sum()) for a, b in zip(exact, near, strict=True))
    whole = sum(float(np.square(a).sum()) for a in exact)
    error = float(np.sqrt(wrong / whole)) if whole > 0 else 0.0
    return error if np.isfinite(error) else float("inf")


def ranges_of(model: Path, samples: list[Sample]) -> object:
    """The range of each tensor over the samples."""
    augmented = model.with_suffix(".augmented.onnx")
    method = CalibrationMethod.MinMax
    calibrator = create_calibrator(model, STATIC_OPS, augmented_model_path=str(augmented), calibrate_method=method)
    reader = SampleReader(samples)
    for number in range(len(samples)):
        reader.set_range(number, number + 1)
        calibrator.collect_data(reader)
    return calibrator.compute_data()


def quantizable(graph: onnx.GraphProto, kept: list[str]) -> list[str]:
    """Names of the nodes that static quantization would take."""
    return [node.name for node in graph.node if node.op_type in STATIC_OPS and node.name not in kept]


def rank_nodes(
    model: Path, samples: list[Sample], activations: str, reduce_range: bool, seconds: float
) -> tuple[list[str], int]:
    """All nodes that can be quantized, the one that loses most alone first, and how many of them were measured in time.

    Those that there was no time for come last, in the order of the graph.
    """
    started = time.monotonic()
    names = quantizable(onnx.load(model, load_external_data=False).graph, nodes_to_keep(model))
    judges = samples[:: max(1, len(samples) // MOST_JUDGES)][:MOST_JUDGES]
    exact = answers(open_session(model), judges)
    ranges = ranges_of(model, samples)
    errors: dict[str, float] = {}
    for name in names:
        if time.monotonic() - started > seconds:
            break
        quantizer = QDQQuantizer(
            onnx.load(model),
            per_channel=True,
            reduce_range=reduce_range,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QInt8 if activations == "int8" else QuantType.QUInt8,
            tensors_range=ranges,
            nodes_to_quantize=[name],
            nodes_to_exclude=[],
            op_types_to_quantize=STATIC_OPS,
            extra_options={"WeightSymmetric": True},
        )
        quantizer.quantize_model()
        one = quantizer.model.model.SerializeToString()
        errors[name] = error_between(exact, answers(open_session(one), judges))
    measured = sorted(errors, key=lambda name: -errors[name])
    return measured + [name for name in names if name not in errors], len(errors)
