"""The engine process of CTranslate2, on the CPU: BERT encoders only, see bert_encoder.py."""

import os
import tempfile

# An idle thread of its OpenMP would spin for 200 ms on a CPU that others need. Read when the library is loaded.
os.environ.setdefault("KMP_BLOCKTIME", "0")

import ctranslate2
import numpy

import engine_child
from ctranslate2_model import POOLINGS, Interface, convert

# Options that the plan may set are known to sidecar/src/engine/ctranslate2-options.ts, which refuses all others.
DEFAULT_COMPUTE_TYPE = "float32"


class CTranslate2:
    def __init__(self) -> None:
        self.engine: ctranslate2.Encoder | None = None
        self.model: Interface | None = None

    def load(self, file: str, threads: int, options: dict[str, str]) -> str:
        compute_type = options.get("compute_type", DEFAULT_COMPUTE_TYPE)
        # The library would take the nearest that there is without a word.
        if compute_type not in ctranslate2.get_supported_compute_types("cpu"):
            raise ValueError(f"this CPU has no {compute_type} in CTranslate2")
        # It reads folders only. The weights are in memory once they are read, and the folder goes.
        with tempfile.TemporaryDirectory(prefix="sweetspot-ctranslate2-") as folder:
            self.model = convert(file, folder)
            self.engine = ctranslate2.Encoder(folder, compute_type=compute_type, inter_threads=1, intra_threads=threads)
        return f"CTranslate2 {ctranslate2.__version__}"

    def run(self, inputs: dict[str, numpy.ndarray], outputs: list[str]) -> list[numpy.ndarray]:
        if self.engine is None or self.model is None:
            raise ValueError("no model is loaded")
        kinds = [self.kind_of(name) for name in outputs]
        ids, mask = (self.tokens(inputs, name) for name in (self.model.ids, self.model.mask))
        lengths = self.lengths(ids, mask)
        hidden = numpy.asarray(
            self.engine.forward_batch(view(ids), view(lengths), self.types(inputs, ids.shape)).last_hidden_state
        )
        return [
            inputs[kind.removeprefix("input ")] if kind.startswith("input ") else POOLINGS[kind](hidden, mask)
            for kind in kinds
        ]

    def kind_of(self, output: str) -> str:
        kind = self.model.outputs.get(output)
        if kind is None:
            raise ValueError(f"the output {output} is neither the hidden states nor their mean or first token")
        return kind

    def tokens(self, inputs: dict[str, numpy.ndarray], name: str) -> numpy.ndarray:
        array = inputs.get(name)
        if array is None or array.ndim != 2 or array.dtype.kind not in "iu" or array.size == 0:
            raise ValueError(f"input {name} must be a matrix of integers")
        return array

    def lengths(self, ids: numpy.ndarray, mask: numpy.ndarray) -> numpy.ndarray:
        """How many tokens each row has. The library takes no mask and looks up what it is told without a check."""
        words, positions = self.model.words, self.model.positions
        if ids.shape != mask.shape:
            raise ValueError("ids and mask differ in shape")
        if ids.shape[1] > positions:
            raise ValueError(f"a row has {ids.shape[1]} tokens, and the model has {positions} positions")
        if ids.min() < 0 or ids.max() >= words:
            raise ValueError(f"a token is none of the {words} that the model knows")
        lengths = mask.sum(1)
        if not (mask == (numpy.arange(mask.shape[1]) < lengths[:, None])).all() or lengths.min() < 1:
            raise ValueError("CTranslate2 takes masks of ones and then zeros only")
        return lengths

    def types(self, inputs: dict[str, numpy.ndarray], shape: tuple[int, ...]) -> list[list[int]] | None:
        if self.model.types is None:
            return None
        types = self.tokens(inputs, self.model.types)
        if types.shape != shape or types.min() < 0 or types.max() >= self.model.type_count:
            raise ValueError("the types of tokens do not fit the tokens or the model")
        return types.tolist()


def view(array: numpy.ndarray) -> ctranslate2.StorageView:
    return ctranslate2.StorageView.from_array(numpy.ascontiguousarray(array, numpy.int32))


if __name__ == "__main__":
    engine_child.serve(CTranslate2())
