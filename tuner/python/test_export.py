"""Tests of export.py as far as they need no torch: which folders it takes, and what it says of the others."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import export


class ExportTest(unittest.TestCase):
    """Exporting a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.output = self.folder / "out.onnx"
        log = mock.patch.object(export.log, "exception")
        log.start()
        self.addCleanup(log.stop)

    def test_takes_a_hugging_face_folder_before_a_program(self) -> None:
        (self.folder / "a.pt2").touch()
        self.assertEqual(export.find_program(self.folder), self.folder / "a.pt2")
        (self.folder / "config.json").write_text("{}")
        self.assertIsNone(export.find_program(self.folder))

    def test_refuses_other_folders_in_a_sentence(self) -> None:
        answer = export.run(self.folder, self.output)
        self.assertEqual(answer["state"], "Failed")
        self.assertIn("neither a config.json", str(answer["message"]))
        for name in ("a.pt2", "b.pt2"):
            (self.folder / name).touch()
        self.assertIn("leave one", str(export.run(self.folder, self.output)["message"]))

    def test_never_runs_code_of_the_folder(self) -> None:
        config = {"architectures": ["Mine"], "auto_map": {"AutoModel": "mine.Mine"}}
        (self.folder / "config.json").write_text(json.dumps(config))
        with self.assertRaisesRegex(export.CannotExport, "code of its own"):
            export.architecture_of(self.folder)
        (self.folder / "config.json").write_text("{}")
        with self.assertRaisesRegex(export.CannotExport, "no architecture"):
            export.architecture_of(self.folder)

    def test_leaves_nothing_when_it_fails(self) -> None:
        (self.folder / "a.pt2").touch()
        with mock.patch.object(export, "export_program", side_effect=MemoryError):
            self.assertEqual(export.run(self.folder, self.output)["state"], "OutOfMemory")
        with mock.patch.object(export, "export_program", side_effect=RuntimeError("no such operator\nmore")):
            answer = export.run(self.folder, self.output)
        self.assertIn("RuntimeError: no such operator)", str(answer["message"]))
        self.assertEqual([path.name for path in self.folder.iterdir()], ["a.pt2"])

    def test_refuses_a_model_that_one_file_cannot_hold(self) -> None:
        (self.folder / "a.pt2").touch()

        def write_two(_: Path, target: Path) -> str:
            target.touch()
            target.with_suffix(".onnx.data").touch()
            return "two files"

        with mock.patch.object(export, "export_program", side_effect=write_two):
            self.assertIn("2 GiB", str(export.run(self.folder, self.output)["message"]))
        self.assertFalse(self.output.exists())


if __name__ == "__main__":
    unittest.main()
