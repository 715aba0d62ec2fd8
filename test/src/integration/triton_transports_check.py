"""Calls a server with tritonclient over gRPC, or with one of its asyncio clients, and prints one JSON document.

Usage: triton_transports_check.py TRANSPORT HOST:PORT QUESTION, where TRANSPORT is grpc, grpc-async or http-async, and
QUESTION is a JSON document: {"model", "output", "inputs": [{"name", "shape", "data"}], "wrong": [inputs of a wrong
shape]}. All inputs are INT64.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from typing import Any, TypedDict

import numpy as np
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException

TRANSPORTS = {
    "grpc": (tritonclient.grpc, tritonclient.grpc),
    "grpc-async": (tritonclient.grpc.aio, tritonclient.grpc),
    "http-async": (tritonclient.http.aio, tritonclient.http),
}


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


async def value_of(result: Any) -> Any:
    """The result of a call, whichever kind of client made it."""
    return await result if inspect.isawaitable(result) else result


def shape_of(tensor: dict[str, Any]) -> dict[str, Any]:
    """A tensor of the metadata; protobuf's JSON has 64-bit integers as text."""
    return {**tensor, "shape": [int(size) for size in tensor["shape"]]}


class Check:
    """Everything that a client sees of the server."""

    def __init__(self, transport: str, client: Any, question: Question) -> None:
        self.is_grpc = transport.startswith("grpc")
        self.kinds = TRANSPORTS[transport][1]
        self.client = client
        self.question = question

    def inputs(self, which: list[Input]) -> list[Any]:
        """The client's own form of tensors."""
        return [self.to_input(tensor) for tensor in which]

    def to_input(self, tensor: Input) -> Any:
        """The client's own form of one tensor."""
        result = self.kinds.InferInput(tensor["name"], tensor["shape"], "INT64")
        result.set_data_from_numpy(np.array(tensor["data"], dtype=np.int64).reshape(tensor["shape"]))
        return result

    async def infer(self, **options: Any) -> dict[str, object]:
        """Shape and values of the output that the question is about, and the id of the answer."""
        model, output = self.question["model"], self.question["output"]
        result = await value_of(self.client.infer(model, self.inputs(self.question["inputs"]), **options))
        array = result.as_numpy(output)
        answer = result.get_response(as_json=True) if self.is_grpc else result.get_response()
        return {"id": answer.get("id"), "shape": list(array.shape), "data": array.ravel().tolist()}

    async def failure(self, **options: Any) -> dict[str, object] | None:
        """How the client reports a request that the server refuses; None when it takes it."""
        try:
            await value_of(self.client.infer(**options))
        except InferenceServerException as error:
            return {"status": error.status(), "message": error.message()}
        return None

    async def server_name(self) -> str:
        """What the server calls itself."""
        document = await value_of(self.client.get_server_metadata(**self.as_json()))
        return str(document["name"])

    def as_json(self) -> dict[str, bool]:
        """The gRPC clients give protobuf messages unless told otherwise."""
        return {"as_json": True} if self.is_grpc else {}

    async def metadata(self) -> dict[str, Any]:
        """What the server says of its model."""
        document = await value_of(self.client.get_model_metadata(self.question["model"], **self.as_json()))
        return {**document, **{kind: [shape_of(tensor) for tensor in document[kind]] for kind in ("inputs", "outputs")}}

    async def config(self) -> dict[str, Any]:
        """The model's configuration, which the gRPC client gives inside a message of its own."""
        document = await value_of(self.client.get_model_config(self.question["model"], **self.as_json()))
        return dict(document["config"]) if self.is_grpc else dict(document)

    async def statistics(self, model: str) -> dict[str, Any]:
        """Counts of the first model that is told of; protobuf's JSON has 64-bit integers as text."""
        document = await value_of(self.client.get_inference_statistics(model, **self.as_json()))
        told = document["model_stats"][0]
        count = told["inference_stats"]["success"]["count"]
        return {"name": told["name"], "rows": int(told["inference_count"]), "requests": int(count)}

    async def run(self) -> dict[str, object]:
        """Asks all questions."""
        model, output = self.question["model"], self.question["output"]
        compression = "compression_algorithm" if self.is_grpc else "request_compression_algorithm"
        return {
            "live": await value_of(self.client.is_server_live()),
            "ready": await value_of(self.client.is_server_ready()),
            "modelReady": await value_of(self.client.is_model_ready(model)),
            "otherModelReady": await value_of(self.client.is_model_ready("another")),
            "server": await self.server_name(),
            "metadata": await self.metadata(),
            "default": await self.infer(),
            "requested": await self.infer(
                outputs=[self.kinds.InferRequestedOutput(output)], request_id="7", model_version="1", timeout=5_000_000
            ),
            "compressed": await self.infer(**{compression: "gzip"}),
            "config": await self.config(),
            "statistics": [await self.statistics(model), await self.statistics("")],
            "refusal": await self.failure(model_name=model, inputs=self.inputs(self.question["wrong"])),
            "unknown": await self.failure(model_name="another", inputs=self.inputs(self.question["inputs"])),
        }


async def check(transport: str, address: str, question: Question) -> dict[str, object]:
    """Runs the check with a client of its own."""
    client = TRANSPORTS[transport][0].InferenceServerClient(address)
    try:
        return await Check(transport, client, question).run()
    finally:
        await value_of(client.close())


def main() -> None:
    """Runs the program."""
    transport, address, question = sys.argv[1:]
    print(json.dumps(asyncio.run(check(transport, address, json.loads(question)))))


if __name__ == "__main__":
    main()
