"""razors-edge-batching-scheduler behind FastAPI: its executor times the model, forms batches and runs them in a process of its own."""

import os
import sys

# Before the package is imported, here and in the process that it starts.
SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "razors_edge")
sys.path.insert(0, SHIM)
os.environ["PYTHONPATH"] = os.pathsep.join([SHIM, os.environ.get("PYTHONPATH", "")])
import sitecustomize  # noqa: E402, F401

import numpy as np
import orjson
import uvicorn
from batching_executor.process_manager import ComputeExecutor
from fastapi import FastAPI, Request, Response
from razors_edge.razors_edge_compute_task import RazorsEdgeComputeTask

from minilm import PATH, PORT, SETTING, Encoder, answer_bytes, row_of

CLIENTS = 64
LONGEST = 256
BATCH_SIZES = [1, 2, 3, 5, 8, 10, 13, 16]


class MiniLmTask(RazorsEdgeComputeTask):
    """As the package's own example, with ONNX Runtime on CPUs for the model."""

    batch_benchmark_sizes = [rows for rows in BATCH_SIZES if rows <= SETTING["rows"]]
    min_input_size = 1
    max_input_size = LONGEST
    max_input_points = 7
    is_gpu = False
    latency_strategy = "GUARDED_BATCH_SIZE" if SETTING.get("guarded") else "MINMAX"

    def get_input_size(self, input_data, preprocessed_input):
        return len(preprocessed_input[0])

    def generate_test_input(self, batch_size, input_size):
        row = np.ones(input_size, np.int64)
        return (), {"rows": [(row, row)] * batch_size}

    def load_model(self, model_pool):
        encoder = Encoder()
        return lambda rows: encoder.run(rows)

    def create_batch(self, to_batch):
        return (), {"rows": to_batch}

    def postprocess_output(self, call_output):
        return call_output


app = FastAPI()
executor = None


@app.post(PATH)
async def infer(request: Request):
    row = row_of(orjson.loads(await request.body()))
    embedding = await executor.async_compute_fn(MiniLmTask, row)
    return Response(answer_bytes(embedding), media_type="application/json")


if __name__ == "__main__":
    # Its process finds the task by the name of its module, which is not `__main__` there.
    from razors_edge_server import MiniLmTask

    executor = ComputeExecutor([MiniLmTask], async_limit=CLIENTS, model_thread_limit=SETTING["workers"])
    uvicorn.run(app, host="127.0.0.1", port=PORT, loop="uvloop", http="httptools", log_level="warning", access_log=False)
