"""Tests of the recognition of BERT encoders, and of what CTranslate2 makes of them."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import unittest
from pathlib import Path

# Before the engine is loaded: it would report its use to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy
import onnx
import onnxruntime

from bert_encoder import NotBert, read_encoder
from bert_parts import Encoder
from testing.tiny_bert import HEADS, POSITIONS, WIDTH, WORDS, Form, tiny_bert

FORMS = {
    "as usual": Form(),
    "types of tokens as an input": Form(types=True),
    "layer norms in single steps": Form(norm_nodes=False),
    "scaled queries, and values first": Form(scaled_queries=True, values_first=True),
    "counted positions, and scores that are replaced": Form(counted=True, filled=True),
    "another activation, and a unit vector": Form(activation="Relu", normalised=True),
}
OTHERS = {
    "attention is another one": Form(scale=1.0),
    "scaled dot products under the mask": Form(causal=True),
    "no attention follows": Form(norm_first=True),
    "activation is none that is known": Form(activation="Tanh"),
}


class ModelTest(unittest.TestCase):
    """A model in a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "model.onnx")


class BertEncoderTest(ModelTest):
    """What is recognised."""

    def read(self, form: Form) -> Encoder:
        onnx.save(tiny_bert(form), self.file)
        return read_encoder(str(self.file))

    def test_recognises_the_encoder_in_every_form(self) -> None:
        for name, form in FORMS.items():
            with self.subTest(name):
                encoder = self.read(form)
                self.assertEqual((len(encoder.layers), encoder.layers[0].heads), (2, HEADS))
                self.assertEqual(encoder.words.shape, (WORDS, WIDTH))
                self.assertEqual(encoder.positions.shape, (POSITIONS - (2 if form.counted else 0), WIDTH))
                self.assertEqual(encoder.types, "types" if form.types else None)
                pooled = "mean normalised" if form.normalised else "mean"
                self.assertEqual(encoder.outputs, {"hidden": "hidden", "pooled": pooled})
                self.assertAlmostEqual(encoder.embedding_norm.epsilon, 1e-6)

    def test_refuses_what_computes_something_else_with_the_reason(self) -> None:
        for reason, form in OTHERS.items():
            with self.subTest(reason), self.assertRaisesRegex(NotBert, f"not a BERT encoder: .*{reason}"):
                self.read(form)

    def test_knows_an_output_that_it_cannot_give(self) -> None:
        self.assertEqual(self.read(Form(squared=True)).outputs, {"hidden": "hidden", "pooled": None})

    def test_refuses_other_models_and_files(self) -> None:
        node = onnx.helper.make_node("Relu", ["x"], ["y"])
        values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 4]) for name in "xy"]
        onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "graph", values[:1], values[1:])), self.file)
        with self.assertRaisesRegex(NotBert, "looks no tokens up"):
            read_encoder(str(self.file))
        self.file.write_text("this is no model")
        with self.assertRaisesRegex(NotBert, "cannot be followed"):
            read_encoder(str(self.file))


@unittest.skipUnless(importlib.util.find_spec("ctranslate2"), "CTranslate2 is not installed")
class CTranslate2Test(ModelTest):
    """The same models on both engines."""

    def test_answers_as_onnx_runtime_does_in_every_form(self) -> None:
        for name, form in FORMS.items():
            with self.subTest(name):
                for found, expected in self.both(form, {}):
                    numpy.testing.assert_allclose(found, expected, atol=1e-4)

    def test_in_8_bits_it_stays_close(self) -> None:
        for found, expected in self.both(Form(), {"compute_type": "int8"}):
            self.assertGreater(float(numpy.abs(found - expected).max()), 0)
            # Random weights suffer more than real ones, and CPUs without VNNI saturate besides.
            self.assertGreater(float(numpy.corrcoef(found.ravel(), expected.ravel())[0, 1]), 0.9)

    def both(self, form: Form, options: dict[str, str]) -> list[tuple[numpy.ndarray, numpy.ndarray]]:
        """The outputs of rows of 9 and of 4 tokens from both engines, without those of the padding."""
        onnx.save(tiny_bert(form), self.file)
        feeds = example(form)
        session = onnxruntime.InferenceSession(self.file, providers=["CPUExecutionProvider"])
        expected = session.run(["hidden", "pooled"], feeds)
        found = self.engine(options).run(feeds, ["hidden", "pooled"])
        there = feeds["mask"] == 1
        return [(found[0][there], expected[0][there]), (found[1], expected[1])]

    def engine(self, options: dict[str, str]):
        from ctranslate2_child import CTranslate2

        engine = CTranslate2()
        self.assertRegex(engine.load(str(self.file), 1, options), r"^CTranslate2 \d")
        return engine

    def test_refuses_rows_that_it_would_compute_wrongly(self) -> None:
        onnx.save(tiny_bert(Form()), self.file)
        engine, usual = self.engine({}), example(Form())
        holes, long = usual["mask"].copy(), numpy.ones((1, POSITIONS + 1), numpy.int64)
        holes[0, 1] = 0
        wrong = {
            "ones and then zeros": {**usual, "mask": holes},
            "none of the 300": {**usual, "ids": usual["ids"] + WORDS},
            "16 positions": {"ids": long, "mask": long},
            "input mask": {"ids": usual["ids"]},
        }
        for reason, inputs in wrong.items():
            with self.subTest(reason), self.assertRaisesRegex(ValueError, reason):
                engine.run(inputs, ["hidden"])
        with self.assertRaisesRegex(ValueError, "neither the hidden states"):
            engine.run(usual, ["none"])


def example(form: Form) -> dict[str, numpy.ndarray]:
    random = numpy.random.default_rng(2)
    mask = numpy.ones((2, 9), numpy.int64)
    mask[1, 4:] = 0
    feeds = {"ids": random.integers(2, WORDS, (2, 9)) * mask, "mask": mask}
    return {**feeds, "types": random.integers(0, 2, (2, 9))} if form.types else feeds


if __name__ == "__main__":
    unittest.main()
