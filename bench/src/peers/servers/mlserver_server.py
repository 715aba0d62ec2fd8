"""Writes the settings files of MLServer and starts it. Its batches hold requests of one length only: it stacks, unpadded."""

import json
import os
import sys
import tempfile
from pathlib import Path

from minilm import PORT, SETTING

if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="mlserver-", dir=os.environ["PEER_FOLDER"]))
    server = {
        "host": "127.0.0.1",
        "http_port": PORT,
        "grpc_port": PORT + 1,
        "metrics_port": PORT + 2,
        "parallel_workers": SETTING["workers"],
        "debug": False,
        "access_log": False,
    }
    model = {"name": "minilm", "implementation": "mlserver_runtime.MiniLm"}
    if SETTING["rows"] > 1:
        model |= {"max_batch_size": SETTING["rows"], "max_batch_time": SETTING["waitMilliseconds"] / 1000}
    (folder / "settings.json").write_text(json.dumps(server))
    (folder / "model-settings.json").write_text(json.dumps(model))
    os.execv(sys.executable, [sys.executable, "-c", "from mlserver.cli import main; main()", "start", str(folder)])
