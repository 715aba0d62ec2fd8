"""INT8 as NNCF makes it for OpenVINO, in one ONNX file: the operators that OpenVINO gains from, with ranges from samples."""

from __future__ import annotations

import logging
import os
from pathlib import Path

# It would report its use to its maker. Read when it is loaded.
os.environ["NNCF_CI"] = "1"

import nncf
import onnx
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, OverflowFix

from calibration import Sample

logging.getLogger("nncf").setLevel(logging.ERROR)


def is_transformer(model: onnx.ModelProto) -> bool:
    """Does it multiply activations with each other, as attention does? Then NNCF has a scheme of its own for it."""
    weights = {tensor.name for tensor in model.graph.initializer}
    constants = {name for node in model.graph.node if node.op_type == "Constant" for name in node.output}
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    return any(not (weights | constants).intersection(node.input) for node in products)


def make_nncf(source: Path, target: Path, samples: list[Sample], reduce_range: bool) -> None:
    """Writes the model quantized after training."""
    model = onnx.load(source)
    quantized = nncf.quantize(
        model,
        nncf.Dataset(samples),
        subset_size=len(samples),
        model_type=nncf.ModelType.TRANSFORMER if is_transformer(model) else None,
        target_device=nncf.TargetDevice.CPU,
        advanced_parameters=AdvancedQuantizationParameters(
            # Half the range where sums of 8-bit products would saturate.
            overflow_fix=OverflowFix.ENABLE if reduce_range else OverflowFix.DISABLE,
        ),
    )
    onnx.save(quantized, target)
