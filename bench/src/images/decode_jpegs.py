"""Decodes a JPEG as a classifier's input with Python's libraries, and says what it took.

Usage: decode_jpegs.py FILE. Each line of standard input names a way and a count, `pillow 24`; each line of standard output
is a JSON document: {"microseconds": CPU time of the whole process per image, "mean": mean of the tensor}. The work is
what the server's pipeline does: 224 x 224 floats, cover and crop 0.875, linear, normalised, channels first.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

SIZE = 224
RESIZED = 256
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def tensor_of(image: Image.Image) -> np.ndarray:
    """Resizes the shorter side, crops the middle, normalises."""
    scale = RESIZED / min(image.size)
    width, height = (round(side * scale) for side in image.size)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - SIZE) // 2, (height - SIZE) // 2
    pixels = np.asarray(resized.crop((left, top, left + SIZE, top + SIZE)), dtype=np.float32)
    normalised = (pixels / 255 - MEAN) / DEVIATION
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def with_pillow(data: bytes) -> np.ndarray:
    """All pixels are decoded, which is what most programs do."""
    return tensor_of(Image.open(io.BytesIO(data)).convert("RGB"))


def with_pillow_draft(data: bytes) -> np.ndarray:
    """JPEG shrinks while it is decoded, as far as it stays larger than what is wanted."""
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (RESIZED, RESIZED))
    return tensor_of(image.convert("RGB"))


def with_simplejpeg(data: bytes) -> np.ndarray:
    """libjpeg-turbo through simplejpeg, shrinking while it decodes; Pillow resizes the rest."""
    return tensor_of(Image.fromarray(simplejpeg.decode_jpeg(data, min_height=RESIZED, min_width=RESIZED)))


WAYS: dict[str, Callable[[bytes], np.ndarray]] = {
    "pillow": with_pillow,
    "pillow-draft": with_pillow_draft,
    "simplejpeg": with_simplejpeg,
}


def main() -> None:
    """Answers each line."""
    data = Path(sys.argv[1]).read_bytes()
    for line in sys.stdin:
        way, count = line.split()
        decode = WAYS[way]
        start = time.process_time()
        for _ in range(int(count)):
            tensor = decode(data)
        microseconds = (time.process_time() - start) * 1e6 / int(count)
        print(json.dumps({"microseconds": microseconds, "mean": float(tensor.mean())}), flush=True)


if __name__ == "__main__":
    main()
