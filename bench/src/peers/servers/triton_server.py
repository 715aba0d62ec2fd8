"""
Triton's own binary, which the wheel of nvidia-pytriton carries, driven directly with its Python backend: pytriton itself
puts a process and a socket more between.
"""

import os
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytriton

from minilm import OUTPUT, PORT, SETTING

HERE = Path(__file__).parent
HOME = Path(pytriton.__file__).parent / "tritonserver"
STUB = HOME / "python_backend_stubs" / f"{sys.version_info.major}.{sys.version_info.minor}" / "triton_python_backend_stub"

INPUT = '{{ name: "{name}" data_type: TYPE_INT64 dims: [ -1 ] {ragged} }}'


def config():
    """The model's configuration: ragged batches, so that requests of different lengths may share one."""
    rows = SETTING["rows"]
    ragged = "allow_ragged_batch: true" if rows > 1 else ""
    inputs = ", ".join(INPUT.format(name=name, ragged=ragged) for name in ("input_ids", "attention_mask"))
    lines = [
        'name: "minilm"',
        'backend: "python"',
        f"max_batch_size: {rows}",
        f"input [ {inputs} ]",
        f'output [ {{ name: "{OUTPUT}" data_type: TYPE_FP32 dims: [ 384 ] }} ]',
        f"instance_group [ {{ kind: KIND_CPU count: {SETTING['workers']} }} ]",
    ]
    if rows > 1:
        delay = SETTING["waitMilliseconds"] * 1000
        lines.append(f"dynamic_batching {{ max_queue_delay_microseconds: {delay} }}")
    return "\n".join(lines)


def repository(folder):
    model = folder / "minilm"
    (model / "1").mkdir(parents=True)
    (model / "config.pbtxt").write_text(config())
    (model / "1" / "model.py").symlink_to(HERE / "triton_model.py")
    return folder


def backends(folder):
    """The Python backend beside the stub for this interpreter, where Triton looks for it."""
    (folder / "python").mkdir(parents=True)
    for file in [*(HOME / "backends" / "python").iterdir(), STUB]:
        (folder / "python" / file.name).symlink_to(file)
    return folder


if __name__ == "__main__":
    # The stub is linked against libpython: without this it finds the system's, which lacks this environment.
    bundled = HOME.parent.parent / "nvidia_pytriton.libs"
    libraries = [sysconfig.get_config_var("LIBDIR"), str(bundled), os.environ.get("LD_LIBRARY_PATH", "")]
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "PEER_PATH": ":".join([str(HERE), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]),
    }
    folder = Path(tempfile.mkdtemp(prefix="triton-", dir=os.environ["PEER_FOLDER"]))
    arguments = [
        f"--model-repository={repository(folder / 'models')}",
        f"--backend-directory={backends(folder / 'backends')}",
        "--http-address=127.0.0.1",
        f"--http-port={PORT}",
        f"--http-thread-count={SETTING.get('httpThreads', 2)}",
        "--allow-grpc=false",
        "--allow-metrics=false",
        "--log-info=false",
    ]
    program = str(HOME / "bin" / "tritonserver")
    os.execve(program, [program, *arguments], environment)
