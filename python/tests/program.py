"""Programs of this package, each in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .support import Mesh

HERE = Path(__file__).resolve().parent


class Program:
    """A Python worker in a process of its own, that prints JSON lines."""

    def __init__(
        self,
        path: Path,
        mesh: Mesh,
        credential: str,
        *,
        args: Sequence[str] = (),
        start_new_session: bool = False,
    ) -> None:
        env = {
            **os.environ,
            "PYTHONPATH": str(HERE.parent),
            "NEXUS_CREDENTIAL": credential,
            "NEXUS_BOOTSTRAP": ",".join(mesh.bootstrap),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(path), *args],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=start_new_session,
        )
        self.events: list[dict[str, Any]] = []
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(json.loads(line))
        self._queue.put(None)

    def wait_for(self, event: str, timeout: float = 30) -> dict[str, Any]:
        for known in self.events:
            if known["event"] == event:
                self.events.remove(known)
                return known
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                told = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if told is None:
                break
            if told["event"] == event:
                return told
            self.events.append(told)
        raise AssertionError(f"no {event}; there were {self.events}")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def is_running(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
