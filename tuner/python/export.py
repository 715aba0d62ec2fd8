"""Exports a PyTorch or Hugging Face model folder to ONNX.

A Hugging Face folder has config.json, weights and a tokenizer or an image processor. A PyTorch folder has one program
that torch.export.save wrote (*.pt2), which knows which of its axes are dynamic. Code from the folder is never run.

Prints exactly one JSON document on standard output: {state, message, seconds, versions}, where state is Ready,
OutOfMemory or Failed; everything else goes to standard error. The output file appears whole or not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from limits import exit_with_parent, out_of_memory

log = logging.getLogger("export")

# A batch of two texts of different length: an axis of size one would be taken for a constant.
EXAMPLE_TEXTS = ["one short text", "and another text, which is a good deal longer than the first"]
OPSET = 18


class CannotExport(Exception):
    """The folder cannot be exported; the message is a sentence for the user."""


def find_program(folder: Path) -> Path | None:
    """The exported program of a PyTorch folder; None for a Hugging Face folder."""
    if (folder / "config.json").is_file():
        return None
    programs = sorted(folder.glob("*.pt2"))
    if len(programs) == 1:
        return programs[0]
    if programs:
        raise CannotExport(f"There are {len(programs)} programs (*.pt2) in the folder: leave one.")
    raise CannotExport(
        "There is neither a config.json (Hugging Face) nor a program of torch.export.save (*.pt2) in the folder."
    )


def architecture_of(folder: Path) -> str:
    """The class of transformers that the folder was saved from."""
    config = json.loads((folder / "config.json").read_text())
    if "auto_map" in config:
        raise CannotExport("The model brings code of its own, which is not run: export it where you trust it.")
    architectures = config.get("architectures") or []
    if not architectures:
        raise CannotExport("config.json names no architecture: save the model with save_pretrained.")
    return architectures[0]


def example_of(folder: Path) -> tuple[dict[str, object], dict[str, dict[int, str]]]:
    """Inputs of one run, and the names of their dynamic axes."""
    import torch
    from transformers import AutoImageProcessor, AutoTokenizer

    if (folder / "preprocessor_config.json").is_file():
        size = AutoImageProcessor.from_pretrained(folder, local_files_only=True).size
        edge = size.get("shortest_edge", size.get("height", 224))
        pixels = torch.zeros(2, 3, size.get("height", edge), size.get("width", edge))
        return {"pixel_values": pixels}, {"pixel_values": {0: "batch"}}
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    inputs = dict(tokenizer(EXAMPLE_TEXTS, padding=True, return_tensors="pt"))
    return inputs, {name: {0: "batch", 1: "length"} for name in inputs}


def export_transformer(folder: Path, target: Path) -> str:
    """Exports a Hugging Face folder."""
    import torch
    import transformers

    name = architecture_of(folder)
    kind = getattr(transformers, name, None)
    if kind is None:
        raise CannotExport(f"This release of transformers does not know {name}.")
    model = kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False).eval()
    inputs, axes = example_of(folder)
    shapes = {
        key: {axis: torch.export.Dim.DYNAMIC for axis in named} for key, named in axes.items()
    }
    program = torch.onnx.export(
        model, kwargs=inputs, input_names=list(inputs), dynamic_shapes=shapes, opset_version=OPSET, dynamo=True
    )
    program.save(str(target))
    return f"{name} with the inputs {', '.join(inputs)}."


def export_program(file: Path, target: Path) -> str:
    """Exports what torch.export.save wrote."""
    import torch

    program = torch.onnx.export(torch.export.load(file), opset_version=OPSET, dynamo=True)
    program.save(str(target))
    return f"The program {file.name}."


def export(folder: Path, output: Path) -> str:
    """Exports into a scratch folder and moves the file into place. Returns what was exported in words."""
    program = find_program(folder)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=output.parent) as scratch:
        made = Path(scratch, "model.onnx")
        message = export_transformer(folder, made) if program is None else export_program(program, made)
        beside = [path.name for path in Path(scratch).iterdir() if path != made]
        if beside:
            raise CannotExport("The model has more than 2 GiB, which one ONNX file cannot hold.")
        os.replace(made, output)
    return message


def run(folder: Path, output: Path) -> dict[str, object]:
    """The answer document. Never raises: a failure is an answer, too."""
    started = time.monotonic()
    try:
        state, message = "Ready", export(folder, output)
    except CannotExport as error:
        state, message = "Failed", str(error)
    except Exception as error:
        log.exception("export failed")
        reason = str(error).splitlines()[0] if str(error) else "?"
        state = "OutOfMemory" if out_of_memory(error) else "Failed"
        message = f"The model could not be exported ({type(error).__name__}: {reason})"
    versions = {}
    for package in ("torch", "transformers", "onnx", "onnxscript"):
        with contextlib.suppress(Exception):
            versions[package] = version(package)
    return {
        "state": state,
        "message": message[:1000],
        "seconds": round(time.monotonic() - started, 3),
        "versions": versions,
    }


def main() -> int:
    """Runs the command; the exit status is 0 when the model was exported."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    parser = argparse.ArgumentParser(description="Exports a PyTorch or Hugging Face model folder to ONNX.")
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    if options.exit_with_parent:
        exit_with_parent()
    with contextlib.redirect_stdout(sys.stderr):
        answer = run(options.input, options.output)
    print(json.dumps(answer))
    return 0 if answer["state"] == "Ready" else 1


if __name__ == "__main__":
    sys.exit(main())
