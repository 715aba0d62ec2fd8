"""Reads the calibration samples that the tuner writes.

The container is the safetensors layout: the header's length (8 bytes, little-endian), the header in JSON
({"<key>": {"dtype", "shape", "data_offsets": [start, end]}}), then the bytes of all tensors. A key is the number
of the sample, a colon and the name of the model input, for example "12:input_ids".
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationDataReader

Sample = dict[str, np.ndarray]

DTYPES = {
    "BOOL": "?",
    "U8": "<u1",
    "I8": "<i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}


def read_samples(path: Path) -> list[Sample]:
    """All samples of a container, in order, each with one array per model input (axis 0 = one row)."""
    content = path.read_bytes()
    (header_length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + header_length])
    body = memoryview(content)[8 + header_length :]
    samples: dict[int, Sample] = {}
    for key, entry in header.items():
        number, name = key.split(":", 1)
        start, end = entry["data_offsets"]
        array = np.frombuffer(body[start:end], dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
        samples.setdefault(int(number), {})[name] = array
    return [samples[number] for number in sorted(samples)]


class SampleReader(CalibrationDataReader):
    """Hands the samples to the calibrator, those of the range that it chose."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples
        self._range: Iterator[Sample] = iter(samples)

    def __len__(self) -> int:
        return len(self._samples)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Limits the following calls of get_next to samples start_index to end_index - 1."""
        self._range = iter(self._samples[start_index:end_index])

    def get_next(self) -> Sample | None:
        """The next sample, or None after the last."""
        return next(self._range, None)
