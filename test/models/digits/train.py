"""Trains a small convolutional network on the handwritten digits that scikit-learn ships, and writes it as ONNX.

Writes digits.onnx and digits.jsonl beside itself: the network, and the images that it was not trained on, each as an
inference request with its label. Both are committed, so that tests need neither scikit-learn nor this script:

    python -m pip install scikit-learn numpy onnx
    python train.py

The digits are E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
1998 (CC BY 4.0). Everything is seeded; other versions of numpy may round differently.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

FOLDER = Path(__file__).parent
RANDOM = np.random.default_rng(7)
SIDE, CLASSES = 8, 10
# Channels of the two convolutions, and units of the hidden layer.
FIRST, SECOND, HIDDEN = 16, 32, 128
POOLED = (SIDE // 2) ** 2 * SECOND
EPOCHS, BATCH, RATE = 30, 64, 1e-3
TEST_IMAGES = 597

Parameters = dict[str, np.ndarray]


def initial() -> Parameters:
    """He's initial weights (He et al., ICCV 2015), zero biases."""

    def weights(inputs: int, outputs: int) -> np.ndarray:
        return RANDOM.normal(0, np.sqrt(2 / inputs), (inputs, outputs))

    sizes = {"c1": (9, FIRST), "c2": (9 * FIRST, SECOND), "f1": (POOLED, HIDDEN), "f2": (HIDDEN, CLASSES)}
    matrices = {f"{name}.w": weights(*size) for name, size in sizes.items()}
    return matrices | {f"{name}.b": np.zeros(size[1]) for name, size in sizes.items()}


def patches(images: np.ndarray) -> np.ndarray:
    """[N, C, 8, 8] to [N, 64, C * 9]: the 3 by 3 neighbourhood of each pixel, zeros beyond the border."""
    count, channels = images.shape[:2]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(count, SIDE * SIDE, channels * 9)


def unpatch(gradients: np.ndarray, channels: int) -> np.ndarray:
    """The transpose of `patches`: adds up what each pixel gave to its neighbours."""
    count = len(gradients)
    parts = gradients.reshape(count, SIDE, SIDE, channels, 3, 3)
    padded = np.zeros((count, channels, SIDE + 2, SIDE + 2))
    for row in range(3):
        for column in range(3):
            padded[:, :, row : row + SIDE, column : column + SIDE] += parts[..., row, column].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


def to_images(pixels: np.ndarray) -> np.ndarray:
    """[N, 64, C] to [N, C, 8, 8]."""
    return pixels.transpose(0, 2, 1).reshape(len(pixels), -1, SIDE, SIDE)


def gradients_of(weights: Parameters, images: np.ndarray, labels: np.ndarray) -> Parameters:
    """Gradients of the mean cross-entropy, by hand: convolution, convolution, mean of 2 by 2, two dense layers."""
    count = len(images)
    p1 = patches(images)
    h1 = np.maximum(0, p1 @ weights["c1.w"] + weights["c1.b"])
    p2 = patches(to_images(h1))
    h2 = np.maximum(0, p2 @ weights["c2.w"] + weights["c2.b"])
    pooled = to_images(h2).reshape(count, SECOND, 4, 2, 4, 2).mean((3, 5)).reshape(count, POOLED)
    h3 = np.maximum(0, pooled @ weights["f1.w"] + weights["f1.b"])
    scores = h3 @ weights["f2.w"] + weights["f2.b"]
    likely = np.exp(scores - scores.max(1, keepdims=True))
    likely /= likely.sum(1, keepdims=True)

    g4 = (likely - np.eye(CLASSES)[labels]) / count
    g3 = (g4 @ weights["f2.w"].T) * (h3 > 0)
    spread = (g3 @ weights["f1.w"].T).reshape(count, SECOND, 4, 1, 4, 1) / 4
    back = np.broadcast_to(spread, (count, SECOND, 4, 2, 4, 2)).reshape(count, SECOND, SIDE * SIDE)
    g2 = back.transpose(0, 2, 1) * (h2 > 0)
    inner = unpatch(g2 @ weights["c2.w"].T, FIRST).reshape(count, FIRST, SIDE * SIDE).transpose(0, 2, 1)
    g1 = inner * (h1 > 0)
    return {
        "c1.w": np.einsum("npi,npo->io", p1, g1, optimize=True),
        "c1.b": g1.sum((0, 1)),
        "c2.w": np.einsum("npi,npo->io", p2, g2, optimize=True),
        "c2.b": g2.sum((0, 1)),
        "f1.w": pooled.T @ g3,
        "f1.b": g3.sum(0),
        "f2.w": h3.T @ g4,
        "f2.b": g4.sum(0),
    }


def train(images: np.ndarray, labels: np.ndarray) -> Parameters:
    """Adam (Kingma and Ba, 2015) over shuffled batches."""
    weights = initial()
    mean = {name: np.zeros_like(value) for name, value in weights.items()}
    square = {name: np.zeros_like(value) for name, value in weights.items()}
    step = 0
    for _ in range(EPOCHS):
        order = RANDOM.permutation(len(images))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            step += 1
            for name, gradient in gradients_of(weights, images[chosen], labels[chosen]).items():
                mean[name] = 0.9 * mean[name] + 0.1 * gradient
                square[name] = 0.999 * square[name] + 0.001 * gradient**2
                direction = mean[name] / (1 - 0.9**step)
                size = np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8
                weights[name] = weights[name] - RATE * direction / size
    return weights


def network(weights: Parameters) -> onnx.ModelProto:
    """image FP32 [batch, 1, 8, 8] with values from 0 to 1, to scores FP32 [batch, 10]."""

    def filters(name: str, channels: int) -> np.ndarray:
        return weights[name].T.reshape(-1, channels, 3, 3)

    tensors = {
        "c1.w": filters("c1.w", 1),
        "c2.w": filters("c2.w", FIRST),
        **{name: weights[name] for name in ("c1.b", "c2.b", "f1.w", "f1.b", "f2.w", "f2.b")},
    }
    window = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["image", "c1.w", "c1.b"], ["a1"], name="conv1", **window),
        helper.make_node("Relu", ["a1"], ["h1"], name="relu1"),
        helper.make_node("Conv", ["h1", "c2.w", "c2.b"], ["a2"], name="conv2", **window),
        helper.make_node("Relu", ["a2"], ["h2"], name="relu2"),
        helper.make_node("AveragePool", ["h2"], ["pooled"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["flat"], name="flatten"),
        helper.make_node("MatMul", ["flat", "f1.w"], ["m3"], name="dense1"),
        helper.make_node("Add", ["m3", "f1.b"], ["a3"], name="bias1"),
        helper.make_node("Relu", ["a3"], ["h3"], name="relu3"),
        helper.make_node("MatMul", ["h3", "f2.w"], ["m4"], name="dense2"),
        helper.make_node("Add", ["m4", "f2.b"], ["scores"], name="bias2"),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", CLASSES])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model, full_check=True)
    return model


def request(image: np.ndarray, label: int) -> str:
    """One line: an inference request of the Open Inference Protocol, with the label."""
    data = [round(float(value), 4) for value in image.ravel()]
    tensor = {"name": "image", "datatype": "FP32", "shape": [1, 1, SIDE, SIDE], "data": data}
    return json.dumps({"inputs": [tensor], "label": int(label)}, separators=(",", ":"))


def main() -> None:
    """Trains on two thirds of the images, and keeps the rest for whoever judges."""
    digits = load_digits()
    images = (digits.images / 16).reshape(-1, 1, SIDE, SIDE)
    order = RANDOM.permutation(len(images))
    test, rest = order[:TEST_IMAGES], order[TEST_IMAGES:]
    weights = train(images[rest], digits.target[rest])
    (FOLDER / "digits.onnx").write_bytes(network(weights).SerializeToString())
    lines = [request(images[index], digits.target[index]) for index in test]
    (FOLDER / "digits.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
