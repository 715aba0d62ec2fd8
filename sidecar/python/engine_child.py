"""An engine process in Python: frames on file descriptor 3, answered one after the other, until that socket ends.

The layout of a frame is drawn in sidecar/src/engine/frames.ts, the messages are in messages.ts beside it. What computes is an
engine of its own file, given to `serve`; this one knows nothing of it but `Engine`.
"""

import json
import os
import signal
import socket
import struct
import sys
import time
from typing import Protocol

import numpy

ENGINE_SOCKET = 3
MAXIMUM_FRAME_BYTES = 2**30
MAXIMUM_HEADER_BYTES = 2**20
PREFIX = struct.Struct("<II")

DTYPES = {
    "BOOL": numpy.bool_,
    "UINT8": numpy.uint8,
    "UINT16": numpy.uint16,
    "UINT32": numpy.uint32,
    "UINT64": numpy.uint64,
    "INT8": numpy.int8,
    "INT16": numpy.int16,
    "INT32": numpy.int32,
    "INT64": numpy.int64,
    "FP16": numpy.float16,
    "FP32": numpy.float32,
    "FP64": numpy.float64,
}
DATATYPES = {numpy.dtype(dtype): name for name, dtype in DTYPES.items()}


class FrameError(Exception):
    """Bytes that are no frame, or a request that nobody knows. The connection cannot be used any further."""


class Engine(Protocol):
    def load(self, file: str, threads: int, options: dict[str, str]) -> str:
        """Loads a model and gives the engine's name and version. May be called once."""

    def run(self, inputs: dict[str, numpy.ndarray], outputs: list[str]) -> list[numpy.ndarray]:
        """The outputs in the order in which they are asked for."""


def padded(size: int) -> int:
    return -(-size // 8) * 8


def read_exactly(connection: socket.socket, size: int) -> bytearray | None:
    """None where the other side ended between two frames."""
    buffer = bytearray(size)
    view, filled = memoryview(buffer), 0
    while filled < size:
        count = connection.recv_into(view[filled:])
        if count == 0:
            return None
        filled += count
    return buffer


def read_frame(connection: socket.socket):
    """The header and its tensors as arrays over one buffer, or None at the end."""
    prefix = read_exactly(connection, PREFIX.size)
    if prefix is None:
        return None
    total, header_bytes = PREFIX.unpack(prefix)
    if total > MAXIMUM_FRAME_BYTES or header_bytes > MAXIMUM_HEADER_BYTES:
        raise FrameError("the frame is too large")
    if header_bytes == 0 or total % 8 != 0 or PREFIX.size + padded(header_bytes) > total:
        raise FrameError("the lengths of a frame contradict each other")
    body = read_exactly(connection, total - PREFIX.size)
    if body is None:
        return None
    try:
        header = json.loads(bytes(body[:header_bytes]))
        return header, read_tensors(header, body, padded(header_bytes))
    except (ValueError, KeyError, TypeError) as error:
        raise FrameError(f"the frame cannot be read: {error}") from error


def read_tensors(header: dict, body: bytearray, offset: int) -> dict[str, object]:
    """Arrays by name; a tensor that no array can hold is left as its header, for the engine to refuse."""
    tensors: dict[str, object] = {}
    for tensor in header["tensors"]:
        dtype = DTYPES.get(tensor["datatype"])
        size = tensor["bytes"]
        if offset + size > len(body):
            raise FrameError("the tensors do not fit into their frame")
        if dtype is not None:
            count = size // numpy.dtype(dtype).itemsize
            array = numpy.frombuffer(body, dtype=dtype, count=count, offset=offset)
            tensors[tensor["name"]] = array.reshape(tensor["shape"])
        else:
            tensors[tensor["name"]] = tensor
        offset += padded(size)
    return tensors


def send_frame(connection: socket.socket, header: dict, names: list[str] = [], arrays: list[numpy.ndarray] = []) -> None:
    """Gone when it returns: the next batch begins only after its answer. Arrays are sent without a copy."""
    arrays = [numpy.ascontiguousarray(array) for array in arrays]
    tensors = [
        {"name": name, "datatype": DATATYPES[array.dtype], "shape": list(array.shape), "bytes": array.nbytes}
        for name, array in zip(names, arrays)
    ]
    text = json.dumps({**header, "tensors": tensors}).encode()
    total = PREFIX.size + padded(len(text)) + sum(padded(array.nbytes) for array in arrays)
    if total > MAXIMUM_FRAME_BYTES:
        raise ValueError(f"an answer of {total} bytes is too large")
    connection.sendall(PREFIX.pack(total, len(text)) + text.ljust(padded(len(text)), b"\0"))
    for array in arrays:
        connection.sendall(memoryview(array.reshape(-1)).cast("B") if array.nbytes > 0 else b"")
        connection.sendall(bytes(padded(array.nbytes) - array.nbytes))


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Server:
    """Answers one question after the other; counts as `EngineStatistics` has it."""

    def __init__(self, connection: socket.socket, engine: Engine):
        self.connection = connection
        self.engine = engine
        self.done = {"batches": 0, "rejected": 0, "busyMicroseconds": 0.0}

    def answer(self, header: dict, tensors: dict) -> tuple[dict, list[str], list[numpy.ndarray]]:
        kind, started = header["kind"], time.perf_counter()
        if kind == "ping":
            return {"kind": "pong"}, [], []
        if kind == "stats":
            return {"kind": "stats", **self.done, "residentBytes": resident_bytes()}, [], []
        if kind == "load":
            version = self.engine.load(header["file"], header["threads"], header["options"])
            return {"kind": "loaded", "microseconds": since(started), "version": version}, [], []
        names = header["outputs"]
        strange = [name for name, tensor in tensors.items() if not isinstance(tensor, numpy.ndarray)]
        if strange:
            raise ValueError(f"input {strange[0]} has a datatype that this engine does not take")
        arrays = self.engine.run(tensors, names)
        unknown = [name for name, array in zip(names, arrays) if array.dtype not in DATATYPES]
        if unknown:
            raise ValueError(f"output {unknown[0]} has a type that is not served")
        microseconds = since(started)
        self.done["batches"] += 1
        self.done["busyMicroseconds"] += microseconds
        return {"kind": "ran", "microseconds": microseconds}, names, arrays

    def serve(self) -> None:
        while (frame := read_frame(self.connection)) is not None:
            header, tensors = frame
            check_request(header)
            try:
                reply, names, arrays = self.answer(header, tensors)
            except Exception as error:
                self.done["rejected"] += 1
                reply, names, arrays = {"kind": "rejected", "message": str(error)[:4096]}, [], []
            send_frame(self.connection, {"id": header["id"], **reply}, names, arrays)


FIELDS = {
    "ping": {},
    "stats": {},
    "load": {"file": str, "threads": int, "spinning": bool, "options": dict},
    "run": {"outputs": list},
}


def check_request(header: object) -> None:
    kind = header.get("kind") if isinstance(header, dict) and isinstance(header.get("id"), int) else None
    fields = FIELDS.get(kind)
    if fields is None or not all(isinstance(header.get(name), type_) for name, type_ in fields.items()):
        raise FrameError("the frame holds no request that an engine knows")


def since(started: float) -> float:
    return (time.perf_counter() - started) * 1e6


def serve(engine: Engine) -> None:
    """Runs until the server ends the socket. Ends with 1 and a last word where it breaks the protocol."""
    # Ctrl-C and service managers signal the whole group. The server ends its engines itself, after their last batch.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=ENGINE_SOCKET)
    connection.setblocking(True)
    try:
        Server(connection, engine).serve()
    except FrameError as error:
        sys.exit(str(error))
    except OSError:
        pass  # The server is gone.
