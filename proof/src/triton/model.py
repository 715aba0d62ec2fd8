"""The model that a real Triton serves in the proof of proxy mode: Triton's Python backend loads this file."""

import json

import numpy
import onnxruntime
import triton_python_backend_utils as backend


class TritonPythonModel:
    """ONNX Runtime with one thread. Several requests that Triton hands over at once become one padded batch."""

    def initialize(self, args):
        parameters = json.loads(args["model_config"])["parameters"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(
            parameters["file"]["string_value"], options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [value.name for value in self.session.get_inputs()]
        self.outputs = [parameters["output"]["string_value"]]

    def execute(self, requests):
        feeds = [
            {name: backend.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
            for request in requests
        ]
        joined = {name: join([feed[name] for feed in feeds]) for name in self.inputs}
        results = self.session.run(self.outputs, joined)
        answers, row = [], 0
        for feed in feeds:
            rows = len(feed[self.inputs[0]])
            tensors = [
                backend.Tensor(name, numpy.ascontiguousarray(result[row : row + rows]))
                for name, result in zip(self.outputs, results)
            ]
            answers.append(backend.InferenceResponse(output_tensors=tensors))
            row += rows
        return answers


def join(parts):
    if len(parts) == 1:
        return parts[0]
    longest = max(part.shape[1] for part in parts)
    joined = numpy.zeros((sum(len(part) for part in parts), longest, *parts[0].shape[2:]), parts[0].dtype)
    row = 0
    for part in parts:
        joined[row : row + len(part), : part.shape[1]] = part
        row += len(part)
    return joined
