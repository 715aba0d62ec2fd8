"""Bounds of a program that the tuner starts: its memory, and its life."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

MEMORY_SIGNS = ("bad_alloc", "bad allocation", "can't start new thread", "cannot allocate memory")


def limit_memory(limit: int | None, model: Path) -> None:
    """Bounds private writable memory, so that a huge model fails here and not by the kernel's choice.

    Raises MemoryError at once where the model alone cannot fit: native code fails in odd ways later.
    """
    if limit is None or not sys.platform.startswith("linux"):
        return
    import resource

    if limit < data_in_use() + model.stat().st_size:
        raise MemoryError
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def data_in_use() -> int:
    """Bytes of private writable memory of this process, as RLIMIT_DATA counts them."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def exit_with_parent() -> None:
    """Ends this program when standard input closes, as it does when the tuner dies, however that happens."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def out_of_memory(error: Exception) -> bool:
    """Did memory run out? A SystemError is that, too: an extension failed where it could not say so."""
    return isinstance(error, (MemoryError, SystemError)) or any(sign in str(error).lower() for sign in MEMORY_SIGNS)
