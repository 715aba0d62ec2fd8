"""Builds small BERT encoders in the forms that exporters write, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

WORDS, POSITIONS, WIDTH, WIDE, HEADS = 300, 16, 24, 48, 4


@dataclass
class Form:
    """How a model is written, and in what it differs from BERT."""

    layers: int = 2
    types: bool = False
    norm_nodes: bool = True  # One node for each layer norm, or nine.
    scaled_queries: bool = False  # The scale on the queries instead of the scores.
    values_first: bool = False
    activation: str = "gelu"
    normalised: bool = False
    scale: float = (WIDTH / HEADS) ** -0.5
    norm_first: bool = False
    causal: bool = False
    squared: bool = False  # An output that no pooling gives.
    counted: bool = False  # Positions count the tokens that are not padding (1), from 2 on, as in RoBERTa.
    filled: bool = False  # Scores of places that the mask leaves out are replaced, not lowered.


@dataclass
class Builder:
    """Collects nodes and weights."""

    form: Form
    random: numpy.random.Generator = field(default_factory=lambda: numpy.random.default_rng(1))
    nodes: list = field(default_factory=list)
    weights: list = field(default_factory=list)

    def add(self, op: str, *inputs: str, **attributes) -> str:
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, value, dtype=numpy.float32) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.asarray(value, dtype), name))
        return name

    def weight(self, *shape: int) -> str:
        return self.constant(0.3 * self.random.standard_normal(shape))

    def linear(self, x: str, inside: int, outside: int) -> str:
        return self.add("Add", self.weight(outside), self.add("MatMul", x, self.weight(inside, outside)))

    def norm(self, x: str) -> str:
        scale, bias = self.constant(1 + 0.1 * self.random.standard_normal(WIDTH)), self.weight(WIDTH)
        if self.form.norm_nodes:
            return self.add("LayerNormalization", x, scale, bias, epsilon=1e-6)
        centred = self.add("Sub", x, self.add("ReduceMean", x, axes=[-1]))
        variance = self.add("ReduceMean", self.add("Pow", centred, self.constant(2.0)), axes=[-1])
        root = self.add("Sqrt", self.add("Add", variance, self.constant(1e-6)))
        return self.add("Add", self.add("Mul", self.add("Div", centred, root), scale), bias)

    def heads(self, x: str, order: list[int]) -> str:
        shape = self.constant([0, 0, HEADS, WIDTH // HEADS], numpy.int64)
        return self.add("Transpose", self.add("Reshape", x, shape), perm=order)

    def attention(self, x: str, bias: str) -> str:
        parts = [self.linear(x, WIDTH, WIDTH) for _ in range(3)]
        query, key, value = reversed(parts) if self.form.values_first else parts
        scale = self.constant(self.form.scale)
        if self.form.scaled_queries:
            query = self.add("Mul", query, scale)
        scores = self.add("MatMul", self.heads(query, [0, 2, 1, 3]), self.heads(key, [0, 2, 3, 1]))
        if not self.form.scaled_queries:
            scores = self.add("Mul", scores, scale)
        masked = self.filled_scores(scores) if self.form.filled else self.add("Add", scores, bias)
        shares = self.add("Softmax", masked, axis=-1)
        mixed = self.add("Transpose", self.add("MatMul", shares, self.heads(value, [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        return self.linear(self.add("Reshape", mixed, self.constant([0, 0, WIDTH], numpy.int64)), WIDTH, WIDTH)

    def activated(self, x: str) -> str:
        if self.form.activation != "gelu":
            return self.add(self.form.activation, x)
        erf = self.add("Erf", self.add("Div", x, self.constant(2**0.5)))
        return self.add("Mul", self.constant(0.5), self.add("Mul", x, self.add("Add", erf, self.constant(1.0))))

    def layer(self, x: str, bias: str) -> str:
        if self.form.norm_first:
            x = self.add("Add", x, self.attention(self.norm(x), bias))
            return self.add("Add", x, self.linear(self.activated(self.linear(self.norm(x), WIDTH, WIDE)), WIDE, WIDTH))
        x = self.norm(self.add("Add", self.attention(x, bias), x))
        return self.norm(self.add("Add", self.linear(self.activated(self.linear(x, WIDTH, WIDE)), WIDE, WIDTH), x))

    def filled_scores(self, scores: str) -> str:
        hidden = self.add("Equal", self.add("Unsqueeze", "mask", self.constant([1, 2], numpy.int64)), self.constant(0, numpy.int64))
        shape = self.add("Shape", scores)
        return self.add("Where", self.add("Expand", hidden, shape), self.constant(-numpy.inf), scores)

    def mask_bias(self) -> str:
        mask = self.add("Cast", self.add("Unsqueeze", "mask", self.constant([1, 2], numpy.int64)), to=TensorProto.FLOAT)
        bias = self.add("Mul", self.add("Sub", self.constant(1.0), mask), self.constant(-10000.0))
        if not self.form.causal:
            return bias
        later = numpy.triu(numpy.full((POSITIONS, POSITIONS), -1e4), 1)[None, None]
        length = self.add("Unsqueeze", self.length(), self.constant([0], numpy.int64))
        ends = self.add("Concat", length, length, axis=0)
        axes = self.constant([2, 3], numpy.int64)
        cut = self.add("Slice", self.constant(later), self.constant([0, 0], numpy.int64), ends, axes)
        return self.add("Add", bias, cut)

    def length(self) -> str:
        return self.add("Gather", self.add("Shape", "ids"), self.constant(1, numpy.int64))

    def embeddings(self) -> str:
        zero, one = self.constant(0, numpy.int64), self.constant(1, numpy.int64)
        places = self.counted_places() if self.form.counted else self.add("Range", zero, self.length(), one)
        types = "types" if self.form.types else self.add("Mul", places, zero)
        words = self.add("Gather", self.weight(WORDS, WIDTH), "ids")
        typed = self.add("Add", words, self.add("Gather", self.weight(2, WIDTH), types))
        return self.norm(self.add("Add", typed, self.add("Gather", self.weight(POSITIONS, WIDTH), places)))

    def counted_places(self) -> str:
        padding = self.add("Equal", "ids", self.constant(1, numpy.int64))
        token = self.add("Cast", self.add("Not", padding), to=TensorProto.INT64)
        count = self.add("Mul", self.add("CumSum", token, self.constant(1, numpy.int64)), token)
        return self.add("Add", count, self.constant(1, numpy.int64))

    def pooled(self, hidden: str) -> str:
        mask = self.add("Cast", self.add("Unsqueeze", "mask", self.constant([-1], numpy.int64)), to=TensorProto.FLOAT)
        axes = self.constant([1], numpy.int64)
        total = self.add("ReduceSum", self.add("Mul", hidden, mask), axes, keepdims=0)
        mean = self.add("Div", total, self.add("ReduceSum", mask, axes, keepdims=0))
        if self.form.squared:
            mean = self.add("Mul", mean, mean)
        return self.add("LpNormalization", mean, axis=-1, p=2) if self.form.normalised else mean


def tiny_bert(form: Form) -> onnx.ModelProto:
    """hidden [N, L, 24] and pooled [N, 24] of ids, mask and, where the form has them, types [N, L]."""
    builder = Builder(form)
    hidden, bias = builder.embeddings(), builder.mask_bias()
    for _ in range(form.layers):
        hidden = builder.layer(hidden, bias)
    pooled = builder.pooled(hidden)
    for name, tensor in (("hidden", hidden), ("pooled", pooled)):
        builder.nodes.append(helper.make_node("Identity", [tensor], [name]))
    inputs = ["ids", "mask", *(["types"] if form.types else [])]
    graph = helper.make_graph(
        builder.nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "l"]) for name in inputs],
        [
            helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["n", "l", WIDTH]),
            helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["n", WIDTH]),
        ],
        builder.weights,
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
