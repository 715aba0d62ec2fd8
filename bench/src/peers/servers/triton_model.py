"""The Python backend of Triton. With ragged batches each request of a batch arrives with its own length."""

import os
import sys

# The stub of this wheel does not look at PYTHONPATH.
sys.path[:0] = os.environ["PEER_PATH"].split(":")

import numpy as np  # noqa: E402
import triton_python_backend_utils as pb  # noqa: E402

from minilm import OUTPUT, Encoder  # noqa: E402


class TritonPythonModel:
    def initialize(self, args):
        self.encoder = Encoder()

    def execute(self, requests):
        rows = [
            tuple(
                pb.get_input_tensor_by_name(request, name).as_numpy().reshape(-1)
                for name in ("input_ids", "attention_mask")
            )
            for request in requests
        ]
        embeddings = self.encoder.run(rows)
        return [
            pb.InferenceResponse([pb.Tensor(OUTPUT, np.ascontiguousarray(embedding[None, :]))])
            for embedding in embeddings
        ]
