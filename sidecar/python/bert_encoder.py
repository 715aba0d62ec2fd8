"""Recognises a BERT encoder in an ONNX graph and reads its weights.

Exporters write the same model in many forms. So the graph is cut at its embedding tables and at its products with
weights, which are the same in all of them, and what lies between is not compared node by node: it is computed on a small
example and must give what BERT gives there. What does not is refused with the place where it differs.
"""

from __future__ import annotations

import itertools

import numpy
import onnx

from bert_math import ACTIVATIONS, attention, mean_of, normalised, unit
from bert_parts import Encoder, Layer, Linear, Norm
from onnx_graph import Graph

TOLERANCE = 1e-4
# Rows and tokens of the examples; the second row has fewer tokens than places.
ROWS, TOKENS, SHORT = 2, 5, 3
RANDOM_SEED = 7


class NotBert(Exception):
    """The graph is no BERT encoder that can be computed otherwise; the message says where it differs."""

    def __init__(self, reason: str):
        super().__init__(f"it is not a BERT encoder: {reason}")


def read_encoder(file: str) -> Encoder:
    """Raises NotBert."""
    try:
        return Reader(Graph(file)).read()
    except NotBert:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotBert(f"its graph cannot be followed: {reason}") from error


def close(a: numpy.ndarray, b: numpy.ndarray) -> bool:
    return a.shape == b.shape and bool(numpy.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE))


class Reader:
    """Reads one graph from its inputs to its outputs."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.random = numpy.random.default_rng(RANDOM_SEED)
        self.mask = numpy.ones((ROWS, TOKENS), numpy.int64)
        self.mask[1, SHORT:] = 0

    def read(self) -> Encoder:
        words, others = self.tables()
        ids = self.input_of(words.input[1]) or ""
        typed = [node for node in others if self.input_of(node.input[1])]
        if len(typed) > 1:
            raise NotBert("it has more than three kinds of embeddings")
        types = self.input_of(typed[0].input[1]) if typed else None
        rest = [name for name in self.graph.inputs if name not in (ids, types)]
        if len(rest) != 1:
            raise NotBert(f"besides tokens and types it should take one mask, and it takes {', '.join(rest) or 'nothing'}")
        self.names = {"ids": ids, "mask": rest[0], "types": types}
        self.table = self.value(words.input[0])
        self.width = self.table.shape[1]
        type_rows = self.value(typed[0].input[0]) if typed else None
        positions = self.positions([node for node in others if node not in typed])
        embedding_norm = self.embedding_norm(words, positions, type_rows)
        layers, activation = self.layers(embedding_norm)
        outputs = self.outputs(layers[-1].output_norm.output)
        return Encoder(
            ids, rest[0], types, self.table, positions, type_rows, embedding_norm, layers, activation, outputs
        )

    def tables(self) -> tuple[onnx.NodeProto, list[onnx.NodeProto]]:
        """The look-up of words, which is the largest that an input addresses, and those of positions and types."""
        found = []
        for node in self.graph.nodes:
            if node.op_type != "Gather" or attribute(node, "axis", 0) != 0 or node.input[1] not in self.graph.computed:
                continue
            table = self.graph.constant(node.input[0])
            if table is not None and table.ndim == 2 and table.dtype == numpy.float32:
                found.append((table.shape, node))
        addressed = [(shape, node) for shape, node in found if self.input_of(node.input[1])]
        if not addressed:
            raise NotBert("it looks no tokens up in a table of embeddings")
        words = max(addressed, key=lambda one: one[0][0])[1]
        return words, [node for _, node in found if node is not words]

    def input_of(self, name: str) -> str | None:
        """The input of the model that a tensor is, whatever its type."""
        while name not in self.graph.inputs:
            node = self.graph.producers.get(name)
            if node is None or node.op_type not in ("Cast", "Identity"):
                return None
            name = node.input[0]
        return name

    def value(self, name: str) -> numpy.ndarray:
        array = self.graph.constant(name)
        if array is None:
            raise NotBert(f"{name} is computed where BERT has a weight")
        return array.astype(numpy.float32)

    def inputs(self) -> dict[str, numpy.ndarray]:
        """Example inputs as the model takes them."""
        values = {
            # The first words are often special: padding, unknown.
            "ids": self.random.integers(min(200, len(self.table) // 2), len(self.table), (ROWS, TOKENS)),
            "mask": self.mask,
            "types": numpy.zeros((ROWS, TOKENS), numpy.int64),
        }
        return {
            name: values[role].astype(
                onnx.helper.tensor_dtype_to_np_dtype(self.graph.inputs[name].type.tensor_type.elem_type)
            )
            for role, name in self.names.items()
            if name is not None
        }

    def positions(self, nodes: list[onnx.NodeProto]) -> numpy.ndarray:
        """One row for each position; the row of the only type, where there is one, is added to all."""
        feeds, table, constant = self.inputs(), None, numpy.zeros(self.width, numpy.float32)
        for node in nodes:
            rows = self.value(node.input[0])
            if rows.shape[1] != self.width:
                raise NotBert("its tables of embeddings differ in width")
            index = numpy.broadcast_to(self.graph.compute([node.input[1]], feeds)[0], (ROWS, TOKENS))
            first = int(index[0, 0])
            if (index == first).all():
                constant = constant + rows[first]
            elif table is None and (index[0] == first + numpy.arange(TOKENS)).all():
                table = rows[first:]
            else:
                raise NotBert("its positions are not counted from the first token")
        if table is None:
            raise NotBert("it has no table of positions")
        return table + constant

    def embedding_norm(self, words: onnx.NodeProto, positions: numpy.ndarray, type_rows: numpy.ndarray | None) -> Norm:
        norm = self.norm_after(words.output[0], "embeddings")
        feeds = self.inputs()
        embedded = self.table[feeds[self.names["ids"]]] + positions[:TOKENS]
        if type_rows is not None:
            embedded = embedded + type_rows[0]
        (found,) = self.graph.compute([norm.output], feeds)
        if not close(found, normalised(embedded, norm)):
            raise NotBert("its embeddings are not the normalised sum of words, positions and types")
        return norm

    def norm_after(self, start: str, where: str) -> Norm:
        """The first layer norm that a tensor goes into, as one node or as many."""
        reached, scale, epsilon = {start}, None, 0.0
        for node in self.graph.nodes:
            if not reached.intersection(node.input) or node.op_type == "Shape":
                continue
            if node.op_type == "LayerNormalization":
                weights = [self.value(name) for name in node.input[1:3]]
                bias = weights[1] if len(weights) > 1 else numpy.zeros_like(weights[0])
                return Norm(weights[0], bias, attribute(node, "epsilon", 1e-5), node.output[0])
            constant = next((array for name in node.input if (array := self.graph.constant(name)) is not None), None)
            if constant is not None and constant.shape == (self.width,):
                if node.op_type == "Mul" and scale is None:
                    scale = constant
                elif node.op_type == "Add" and scale is not None:
                    return Norm(scale, constant, epsilon, node.output[0])
            elif constant is not None and node.op_type == "Add" and constant.size == 1 and 0 < constant.item() < 1e-3:
                epsilon = constant.item()
            reached.update(node.output)
        raise NotBert(f"no layer norm follows its {where}")

    def checked_norm(self, linear: Linear, residual: str, where: str) -> Norm:
        norm = self.norm_after(linear.output, where)
        # The second is so small that the epsilon matters.
        for size in (1, 1e-3):
            a, b = (self.sample(self.width, size) for _ in range(2))
            (found,) = self.graph.compute([norm.output], {**self.inputs(), linear.output: a, residual: b})
            if not close(found, normalised(a + b, norm)):
                raise NotBert(f"its {where} are not added to what went in and normalised")
        return norm

    def sample(self, width: int, size: float = 1.0) -> numpy.ndarray:
        return (size * self.random.standard_normal((ROWS, TOKENS, width))).astype(numpy.float32)

    def linears(self) -> list[Linear]:
        """All products with a matrix of weights, in order."""
        found = []
        for node in self.graph.nodes:
            if node.op_type != "MatMul" or node.input[0] not in self.graph.computed:
                continue
            weight = self.graph.constant(node.input[1])
            if weight is None or weight.ndim != 2:
                continue
            bias, output = self.bias_of(node.output[0], weight.shape[1])
            found.append(Linear(weight.astype(numpy.float32).T, bias, node.input[0], output))
        return found

    def bias_of(self, product: str, width: int) -> tuple[numpy.ndarray, str]:
        consumers = self.graph.consumers.get(product, [])
        if len(consumers) == 1 and consumers[0].op_type == "Add":
            other = next((name for name in consumers[0].input if name != product), "")
            bias = self.graph.constant(other)
            if bias is not None and bias.shape == (width,):
                return bias.astype(numpy.float32), consumers[0].output[0]
        return numpy.zeros(width, numpy.float32), product

    def layers(self, embedding_norm: Norm) -> tuple[list[Layer], str]:
        linears, hidden = self.linears(), embedding_norm.output
        layers: list[Layer] = []
        activation = None
        while len(linears) >= 6 and all(linear.input == hidden for linear in linears[:3]):
            where = f"in layer {len(layers) + 1}"
            parts, attended, widen, narrow = linears[:3], *linears[3:6]
            linears = linears[6:]
            query, key, value, heads = self.attention(parts, attended, where)
            attention_norm = self.checked_norm(attended, hidden, f"attended tokens {where}")
            if widen.input != attention_norm.output:
                raise NotBert(f"no feed-forward part follows the attention {where}")
            used = self.activation(widen, narrow, where)
            if activation not in (None, used):
                raise NotBert(f"its activation is another one {where}")
            activation = used
            norm = self.checked_norm(narrow, attention_norm.output, f"feed-forward results {where}")
            layers.append(Layer(query, key, value, heads, attended, attention_norm, widen, narrow, norm))
            hidden = norm.output
        if not layers:
            raise NotBert("no attention follows its embeddings")
        if any(layer.heads != layers[0].heads for layer in layers):
            raise NotBert("its layers differ in the number of heads")
        epsilons = {norm.epsilon for layer in layers for norm in (layer.attention_norm, layer.output_norm)}
        if len(epsilons | {embedding_norm.epsilon}) > 1:
            raise NotBert("its layer norms differ in epsilon")
        return layers, activation

    def attention(self, parts: list[Linear], attended: Linear, where: str) -> tuple[Linear, Linear, Linear, int]:
        """Finds out which part is which, and the number of heads: only one way gives what the graph gives."""
        if any(linear.weight.shape != (self.width, self.width) for linear in parts):
            raise NotBert(f"queries, keys and values are not as wide as the tokens {where}")
        # Large enough that the softmax tells them apart.
        values = [self.sample(self.width, 2) for _ in parts]
        feeds = {**self.inputs(), **{linear.output: array for linear, array in zip(parts, values, strict=True)}}
        (found,) = self.graph.compute([attended.input], feeds)
        for order in itertools.permutations(range(3)):
            for heads in (count for count in range(1, self.width + 1) if self.width % count == 0):
                expected = attention(*(values[i] for i in order), heads, self.mask)
                # What a token that is left out attends to is nobody's business.
                if found.shape == expected.shape and close(found[self.mask == 1], expected[self.mask == 1]):
                    return (*(parts[i] for i in order), heads)
        raise NotBert(f"its attention is another one {where}: not scaled dot products under the mask")

    def activation(self, widen: Linear, narrow: Linear, where: str) -> str:
        sample = self.sample(len(widen.bias), 2)
        (found,) = self.graph.compute([narrow.input], {**self.inputs(), widen.output: sample})
        for name, function in ACTIVATIONS.items():
            if close(found, function(sample)):
                return name
        raise NotBert(f"its activation is none that is known {where}")

    def outputs(self, hidden: str) -> dict[str, str | None]:
        """What each output is, by what it gives for hidden states that no encoder gave."""
        state, inputs = self.sample(self.width), self.inputs()
        known = {
            "hidden": state,
            "mean": mean_of(state, self.mask),
            "first": state[:, 0],
            **{f"input {name}": array for name, array in inputs.items()},
        }
        known.update({f"{name} normalised": unit(known[name]) for name in ("mean", "first")})

        def kind(output: str) -> str | None:
            try:
                (found,) = self.graph.compute([output], {**inputs, hidden: state})
            except Exception:
                return None
            return next((name for name, array in known.items() if found.dtype == array.dtype and close(found, array)), None)

        return {output: kind(output) for output in self.graph.outputs}


def attribute(node: onnx.NodeProto, name: str, default):
    found = next((one for one in node.attribute if one.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)
