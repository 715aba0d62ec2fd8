"""What every peer shares: the model on ONNX Runtime, and the JSON of the Open Inference Protocol on both ends."""

import json
import os

import numpy as np
import onnxruntime
import orjson

MODEL_FILE = os.environ["PEER_MODEL"]
PORT = int(os.environ["PEER_PORT"])
OUTPUT = os.environ["PEER_OUTPUT"]
PATH = "/v2/models/minilm/infer"
# workers, threads, rows (1: batching off), waitMilliseconds, and what only one peer knows.
SETTING = json.loads(os.environ["PEER_SETTING"])


class Encoder:
    """MiniLM-L3 with as many intra-op threads as the setting says."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = SETTING["threads"]
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(MODEL_FILE, options, providers=["CPUExecutionProvider"])

    def run(self, rows):
        """Embeddings, FP32 [384] each, of rows of (ids, mask), INT64 [length] each, padded to the longest."""
        if len(rows) == 1:
            ids, mask = rows[0][0][None, :], rows[0][1][None, :]
        else:
            longest = max(len(ids) for ids, _ in rows)
            ids = np.zeros((len(rows), longest), np.int64)
            mask = np.zeros((len(rows), longest), np.int64)
            for i, (row_ids, row_mask) in enumerate(rows):
                ids[i, : len(row_ids)] = row_ids
                mask[i, : len(row_mask)] = row_mask
        return list(self._session.run([OUTPUT], {"input_ids": ids, "attention_mask": mask})[0])


def row_of(document):
    """The (ids, mask) of a parsed request of one row."""
    tensors = {tensor["name"]: tensor["data"] for tensor in document["inputs"]}
    return np.array(tensors["input_ids"], np.int64), np.array(tensors["attention_mask"], np.int64)


def answer_of(data):
    """The answer of the protocol around the data of one embedding, a list or an array."""
    tensor = {"name": OUTPUT, "datatype": "FP32", "shape": [1, len(data)], "data": data}
    return {"model_name": "minilm", "model_version": "1", "outputs": [tensor]}


def answer_bytes(embedding):
    """The same as JSON bytes, straight from the array: the fastest way that Python has."""
    return orjson.dumps(answer_of(embedding), option=orjson.OPT_SERIALIZE_NUMPY)
