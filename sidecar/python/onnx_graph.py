"""An ONNX graph whose parts can be computed one by one, to find out what they do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy
import onnx
import onnxruntime

Arrays = Mapping[str, numpy.ndarray]


class Graph:
    """Nodes, constants and consumers of a model; `compute` runs any part of it with ONNX Runtime."""

    def __init__(self, file: str):
        model = onnx.load(file)
        self.opsets, self.ir_version = model.opset_import, model.ir_version
        self.nodes = list(model.graph.node)
        self.weights = {tensor.name: tensor for tensor in model.graph.initializer}
        self.inputs = {value.name: value for value in model.graph.input if value.name not in self.weights}
        self.outputs = [value.name for value in model.graph.output]
        self.producers = {name: node for node in self.nodes for name in node.output if name}
        self.consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
        self._constants: dict[str, numpy.ndarray | None] = {}
        # The nodes of a model are in an order in which they can be computed.
        self.computed: set[str] = set(self.inputs)
        for node in self.nodes:
            if self.computed.intersection(node.input):
                self.computed.update(node.output)

    def constant(self, name: str) -> numpy.ndarray | None:
        """The value of a tensor that depends on no input; None of one that does."""
        if name not in self._constants:
            self._constants[name] = None if not name or name in self.computed else self._fold(name)
        return self._constants[name]

    def _fold(self, name: str) -> numpy.ndarray:
        weight = self.weights.get(name)
        return onnx.numpy_helper.to_array(weight) if weight is not None else self.compute([name], {})[0]

    def part(self, outputs: Iterable[str], fed: Iterable[str]) -> tuple[list[onnx.NodeProto], set[str]]:
        """The nodes between what is fed and some outputs, in order, and the inputs of the model that they read besides."""
        fed, wanted, reached, chosen = set(fed), list(outputs), set(), set()
        while wanted:
            name = wanted.pop()
            if name in fed or name in reached or not name:
                continue
            reached.add(name)
            node = self.producers.get(name)
            if node is not None:
                chosen.add(id(node))
                wanted.extend(node.input)
        return [node for node in self.nodes if id(node) in chosen], reached.intersection(self.inputs)

    def compute(self, outputs: list[str], feeds: Arrays) -> list[numpy.ndarray]:
        """The values of some tensors from the values of others. Raises ValueError where an input is lacking."""
        nodes, lacking = self.part(outputs, feeds)
        if lacking:
            raise ValueError(f"it depends on the input {sorted(lacking)[0]}")
        read = {name for node in nodes for name in node.input} | set(outputs)
        graph = onnx.helper.make_graph(
            nodes,
            "part",
            [
                onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), [None] * array.ndim)
                for name, array in feeds.items()
                if name in read and name not in outputs
            ],
            [onnx.ValueInfoProto(name=name) for name in outputs if name not in feeds],
            [self.weights[name] for name in read if name in self.weights and name not in feeds],
        )
        names = [value.name for value in graph.input]
        results = dict(feeds)
        if graph.output:
            session = session_of(onnx.helper.make_model(graph, opset_imports=self.opsets, ir_version=self.ir_version))
            wanted = [value.name for value in graph.output]
            results.update(zip(wanted, session.run(wanted, {name: feeds[name] for name in names}), strict=True))
        return [results[name] for name in outputs]


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """One thread, nothing optimized, nothing printed: a part is computed once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
