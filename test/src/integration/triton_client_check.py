"""Calls a server with tritonclient as its users do, with default settings, and prints one JSON document.

Usage: triton_client_check.py HOST:PORT QUESTION, where QUESTION is a JSON document: {"model", "output",
"inputs": [{"name", "shape", "data"}], "wrong": [inputs of a wrong shape]}. All inputs are INT64.
"""

from __future__ import annotations

import json
import sys
from typing import TypedDict

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.utils import InferenceServerException


class Input(TypedDict):
    """One INT64 tensor; `data` is flat."""

    name: str
    shape: list[int]
    data: list[int]


class Question(TypedDict):
    """What to ask the server."""

    model: str
    output: str
    inputs: list[Input]
    wrong: list[Input]


def to_infer_input(tensor: Input) -> InferInput:
    """The client's own form of a tensor; its bytes go as binary data, which is the default."""
    result = InferInput(tensor["name"], tensor["shape"], "INT64")
    result.set_data_from_numpy(np.array(tensor["data"], dtype=np.int64).reshape(tensor["shape"]))
    return result


def answer_of(result: InferResult, output: str) -> dict[str, object]:
    """Shape and values of one output."""
    array = result.as_numpy(output)
    return {"shape": list(array.shape), "data": array.ravel().tolist()}


def refusal(client: InferenceServerClient, question: Question) -> dict[str, object] | None:
    """How the client reports a request that the server refuses; None when it takes it."""
    try:
        client.infer(question["model"], [to_infer_input(tensor) for tensor in question["wrong"]])
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    return None


def check(client: InferenceServerClient, question: Question) -> dict[str, object]:
    """Everything that the client sees of the server."""
    model, output = question["model"], question["output"]
    inputs = [to_infer_input(tensor) for tensor in question["inputs"]]
    named = InferRequestedOutput(output)
    plain = InferRequestedOutput(output, binary_data=False)
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "modelReady": client.is_model_ready(model),
        "otherModelReady": client.is_model_ready("another"),
        "metadata": client.get_model_metadata(model),
        "default": answer_of(client.infer(model, inputs), output),
        "binary": answer_of(client.infer(model, inputs, outputs=[named]), output),
        "json": answer_of(client.infer(model, inputs, outputs=[plain]), output),
        "compressed": [
            answer_of(
                client.infer(
                    model, inputs, request_compression_algorithm=coding, response_compression_algorithm=coding
                ),
                output,
            )
            for coding in ("gzip", "deflate")
        ],
        "refusal": refusal(client, question),
        "config": client.get_model_config(model),
        "statistics": client.get_inference_statistics(model),
    }


def main() -> None:
    """Runs the program."""
    address, question = sys.argv[1:]
    with InferenceServerClient(address) as client:
        print(json.dumps(check(client, json.loads(question))))


if __name__ == "__main__":
    main()
