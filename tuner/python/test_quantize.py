"""Tests of quantize.py with the real tools on tiny models."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

# Before the engine is loaded: it would report its use to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import quantize
from calibration import read_samples

SIZE = 64
# 8-bit weights saturate on x86 CPUs without VNNI, and then nothing is close.
CLOSE = ["--reduce-range"]
RANDOM = np.random.default_rng(1)
WHOLE = ["--mode", "dynamic", "--input", "a.onnx", "--output", "b.onnx"]
INPUT = RANDOM.uniform(-1, 1, (4, SIZE)).astype(np.float32)


def model_of(operator: str, *weights: np.ndarray) -> onnx.ModelProto:
    """y [N, 64] = operator(x [N, 64], weights ...)."""
    names = [f"w{number}" for number in range(len(weights))]
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", *names], ["y"], name="only")],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", SIZE])],
        [numpy_helper.from_array(weight, name) for name, weight in zip(names, weights, strict=True)],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])


def matmul() -> onnx.ModelProto:
    """A model that gains from INT8."""
    return model_of("MatMul", RANDOM.uniform(-1, 1, (SIZE, SIZE)).astype(np.float32))


def write_calibration(path: Path, rows: np.ndarray) -> None:
    """Writes each row as one sample, in the layout that calibration.py describes."""
    width = rows.itemsize * SIZE
    header = {
        f"{number}:x": {"dtype": "F32", "shape": [1, SIZE], "data_offsets": [number * width, (number + 1) * width]}
        for number in range(len(rows))
    }
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + rows.tobytes())


def two_layers(identities: int = 0) -> onnx.ModelProto:
    """y = (x * smooth) * spiky, without names of nodes: the second weight has outliers that only ever meet zeros."""
    smooth = RANDOM.uniform(-1, 1, (SIZE, SIZE)).astype(np.float32)
    spiky = RANDOM.uniform(-1, 1, (SIZE, SIZE)).astype(np.float32)
    smooth[:, 0] = 0
    spiky[0] *= 1000
    names = ["h", *(f"h{number}" for number in range(identities))]
    nodes = [
        helper.make_node("MatMul", ["x", "smooth"], ["h"]),
        *(helper.make_node("Identity", [a], [b]) for a, b in zip(names, names[1:], strict=False)),
        helper.make_node("MatMul", [names[-1], "spiky"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", SIZE])],
        [numpy_helper.from_array(smooth, "smooth"), numpy_helper.from_array(spiky, "spiky")],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])


def write_ragged(path: Path) -> None:
    """Samples of 1, 2 and 3 rows in turn."""
    header, parts, offset = {}, [], 0
    for number in range(12):
        rows = RANDOM.uniform(-1, 1, (1 + number % 3, SIZE)).astype(np.float32)
        end = offset + rows.nbytes
        header[f"{number}:x"] = {"dtype": "F32", "shape": list(rows.shape), "data_offsets": [offset, end]}
        parts.append(rows.tobytes())
        offset = end
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def run_model(path: Path) -> np.ndarray:
    """The answer to INPUT."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": INPUT})[0])


class OptionsTest(unittest.TestCase):
    """The command line."""

    def test_reads_what_is_given_and_fills_in_the_rest(self) -> None:
        options = quantize.parse_options([*WHOLE, "--reduce-range"])
        self.assertEqual((options.mode, options.input, options.output), ("dynamic", Path("a.onnx"), Path("b.onnx")))
        self.assertTrue(options.reduce_range)
        self.assertEqual((options.method, options.activations), ("minmax", "uint8"))
        self.assertIsNone(options.calibration)
        self.assertIsNone(options.memory_bytes)

    def test_refuses_what_it_does_not_know_with_status_2(self) -> None:
        wrongs = (WHOLE[2:], WHOLE[:4], [*WHOLE, "--mode", "int4"], [*WHOLE, "--memory-bytes", "much"], [*WHOLE, "--x"])
        for wrong in wrongs:
            with self.subTest(wrong), contextlib.redirect_stderr(io.StringIO()):
                with self.assertRaises(SystemExit) as ended:
                    quantize.parse_options(wrong)
                self.assertEqual(ended.exception.code, 2)


class CalibrationTest(unittest.TestCase):
    """The file of calibration samples."""

    def test_gives_back_each_sample_in_order(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "samples")
            write_calibration(path, INPUT)
            samples = read_samples(path)
        np.testing.assert_array_equal(np.concatenate([sample["x"] for sample in samples]), INPUT)


class QuantizeTest(unittest.TestCase):
    """Making variants, in a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.source = self.folder / "source.onnx"
        self.output = self.folder / "output.onnx"
        log = mock.patch.object(quantize.log, "exception")
        log.start()
        self.addCleanup(log.stop)

    def options(self, mode: str, *more: str) -> quantize.Options:
        return quantize.parse_options([*self.words(mode), *more])

    def words(self, mode: str) -> list[str]:
        return ["--mode", mode, "--input", str(self.source), "--output", str(self.output)]

    def run_on(self, model: onnx.ModelProto, mode: str = "dynamic", *more: str) -> dict[str, object]:
        onnx.save(model, self.source)
        return quantize.run(self.options(mode, *more))

    def assert_absent(self, *beside: Path) -> None:
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"source.onnx", *(path.name for path in beside)})

    def test_dynamic_runs_and_stays_close(self) -> None:
        answer = self.run_on(matmul(), "dynamic", *CLOSE)
        self.assertEqual((answer["state"], answer["nodesQuantized"]), ("Ready", 1), answer["message"])
        self.assert_close()

    def assert_calibrated_stays_close(self, tool: str) -> None:
        calibration = self.folder / "calibration"
        write_calibration(calibration, RANDOM.uniform(-1, 1, (32, SIZE)).astype(np.float32))
        answer = self.run_on(matmul(), tool, *CLOSE, "--calibration", str(calibration))
        self.assertEqual((answer["state"], answer["nodesQuantized"]), ("Ready", 1), answer["message"])
        self.assert_close()

    def test_static_runs_and_stays_close(self) -> None:
        self.assert_calibrated_stays_close("static")

    def test_every_calibration_method_takes_samples_of_different_length(self) -> None:
        calibration = self.folder / "calibration"
        write_ragged(calibration)
        for method in quantize.METHODS:
            with self.subTest(method):
                words = [*CLOSE, "--calibration", str(calibration), "--method", method]
                answer = self.run_on(matmul(), "static", *words)
                self.assertEqual((answer["state"], answer["nodesQuantized"]), ("Ready", 1), answer["message"])
                self.assert_close()

    @unittest.skipUnless(importlib.util.find_spec("nncf"), "NNCF is not installed")
    def test_nncf_runs_and_stays_close(self) -> None:
        self.assert_calibrated_stays_close("nncf")

    def test_without_nncf_says_what_to_do(self) -> None:
        calibration = self.folder / "calibration"
        write_calibration(calibration, INPUT)
        with mock.patch.dict(sys.modules, {"nncf_variant": None}):
            answer = self.run_on(matmul(), "nncf", "--calibration", str(calibration))
        self.assertEqual(answer["state"], "Skipped")
        self.assertIn("npm run setup", str(answer["message"]))
        self.assert_absent(calibration)

    def test_leaves_nodes_as_they_are_when_told_so(self) -> None:
        calibration, keep = self.folder / "calibration", self.folder / "keep"
        write_calibration(calibration, INPUT)
        keep.write_text('["unnamed-0"]')
        words = ["--calibration", str(calibration), "--keep", str(keep)]
        answer = self.run_on(two_layers(), "static", *words)
        self.assertEqual((answer["state"], answer["nodesQuantized"]), ("Ready", 1), answer["message"])
        self.assertIn("1 stay FP32", str(answer["message"]))

    def test_ranks_the_node_that_loses_most_first(self) -> None:
        calibration = self.folder / "calibration"
        write_calibration(calibration, INPUT)
        answer = self.run_on(two_layers(), "sensitivity", "--calibration", str(calibration))
        self.assertEqual(answer["state"], "Ready", answer["message"])
        self.assertEqual(json.loads(self.output.read_text()), ["unnamed-1", "unnamed-0"])
        # Without time nothing is measured, and the graph's order is as good as any.
        answer = quantize.run(self.options("sensitivity", "--calibration", str(calibration), "--seconds", "-1"))
        self.assertIn("0 of 2", str(answer["message"]))
        self.assertEqual(json.loads(self.output.read_text()), ["unnamed-0", "unnamed-1"])

    def test_half_precision_keeps_inputs_and_outputs_and_stays_close(self) -> None:
        answer = self.run_on(matmul(), "half")
        self.assertEqual(answer["state"], "Ready", answer["message"])
        self.assert_close()
        self.assertEqual(self.run_on(model_of("Relu"), "half")["state"], "Skipped")

    def test_an_optimized_graph_has_fewer_nodes_and_the_same_answers(self) -> None:
        self.assertEqual(self.run_on(matmul(), "optimized")["state"], "Skipped", "one node cannot become fewer")
        answer = self.run_on(two_layers(identities=3), "optimized")
        self.assertEqual(answer["state"], "Ready", answer["message"])
        np.testing.assert_allclose(run_model(self.output), run_model(self.source), rtol=1e-5, atol=1e-5)

    def assert_close(self) -> None:
        exact, near = run_model(self.source), run_model(self.output)
        worst = float(np.abs(exact - near).max())
        self.assertGreater(worst, 0)
        self.assertLess(worst, 0.1 * float(np.abs(exact).max()))
        self.assertLess(self.output.stat().st_size, 0.6 * self.source.stat().st_size)

    def test_skips_a_model_with_nothing_to_quantize(self) -> None:
        answer = self.run_on(model_of("Relu"))
        self.assertEqual((answer["state"], answer["nodesQuantized"]), ("Skipped", 0))
        self.assertIn("no operator that gains", str(answer["message"]))
        self.assert_absent()

    def test_skips_a_model_that_is_quantized_already(self) -> None:
        self.run_on(matmul())
        os.replace(self.output, self.source)
        answer = quantize.run(self.options("dynamic"))
        self.assertEqual((answer["state"], answer["message"]), ("Skipped", "The model is quantized already."))
        self.assert_absent()

    def test_leaves_nothing_when_it_fails(self) -> None:
        full = OSError(errno.ENOSPC, "No space left on device")
        faults = {
            "The disk is full": mock.patch.object(quantize, "make_dynamic", side_effect=full),
            "not enough memory": mock.patch.object(quantize, "prepared", side_effect=MemoryError),
            "could not be quantized": mock.patch.object(quantize, "check_loads", side_effect=RuntimeError("refused")),
        }
        for message, fault in faults.items():
            with self.subTest(message), fault:
                answer = self.run_on(matmul())
                self.assertIn(answer["state"], ("Failed", "OutOfMemory"))
                self.assertIn(message, str(answer["message"]))
                self.assert_absent()

    def test_keeps_an_earlier_output_when_it_fails(self) -> None:
        self.run_on(matmul())
        earlier = self.output.read_bytes()
        self.source.write_bytes(earlier[:100])
        self.assertEqual(quantize.run(self.options("dynamic"))["state"], "Failed")
        self.assertEqual(self.output.read_bytes(), earlier)

    def test_prints_one_document_and_tells_failure_by_its_status(self) -> None:
        self.source.write_text("this is no model")
        command = [sys.executable, "-E", "-s", quantize.__file__, *self.words("dynamic")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(ended.returncode, 1)
        answer = json.loads(ended.stdout)
        self.assertEqual(answer["state"], "Failed")
        self.assertNotIn("Traceback", answer["message"])
        self.assert_absent()


if __name__ == "__main__":
    unittest.main()
