"""A real mesh for the tests: an authority, a relay and Node workers, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from nexus_mesh import Nexus
from nexus_mesh.sidecar import find_node

ROOT = Path(__file__).resolve().parents[2]
NEXUS = str(ROOT / "src" / "cli" / "main.ts")
WORKER = str(ROOT / "src" / "cli" / "demo" / "worker.ts")


class Mesh:
    """An authority and a relay. Credentials are issued on demand."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="nexus-python-"))
        self.node = find_node()
        self._running: list[subprocess.Popen[str]] = []
        self._run("authority", "init", "--network", "py.example")
        self.bootstrap: list[str] = []
        relay = self.credential("mesh", "operator", "owner", "relay", block="relay")
        listen = ["--listen", "/ip4/127.0.0.1/tcp/0"]
        ready = self._start([self.node, NEXUS, "relay", "--json", "--credential", relay, *listen])
        self.bootstrap = ready["addresses"]

    def credential(
        self, app: str, uid: str, role: str, resource: str, *, block: str = "worker", grants: tuple[str, ...] = ()
    ) -> str:
        """The path of a new credential file."""
        path = self.directory / f"{app}-{uid}-{role}-{resource}.json"
        who = ["--app", app, "--uid", uid, "--role", role, "--block", block, "--resource", resource]
        granted = [part for grant in grants for part in ("--grant", grant)]
        self._run("authority", "issue", *who, *granted, "--out", str(path), "--force")
        return str(path)

    def node_worker(self, uid: str = "anna", resource: str = "node") -> dict[str, Any]:
        """A worker of ``etest`` in Node that serves ``multiply``. Gives its identity."""
        credential = self.credential("etest", uid, "owner", resource)
        bootstrap = [part for address in self.bootstrap for part in ("--bootstrap", address)]
        listen = ["--listen", "/ip4/127.0.0.1/tcp/0"]
        return self._start([self.node, WORKER, "--credential", credential, *bootstrap, *listen])

    def nexus(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Runs the program ``nexus``."""
        return subprocess.run(
            [self.node, NEXUS, *args], cwd=self.directory, capture_output=True, text=True, timeout=60, check=False
        )

    def close(self) -> None:
        """Ends all processes and removes the files."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(20)
            if process.stdout is not None:
                process.stdout.close()
        shutil.rmtree(self.directory)

    def _run(self, *args: str) -> None:
        done = self.nexus(*args)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def _start(self, command: list[str]) -> dict[str, Any]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("NEXUS_")}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self._running.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            told = json.loads(line)
            if told.get("event") == "ready":
                return told
        raise RuntimeError(f"{command[1]} ended without being ready")


class OnAMesh(unittest.IsolatedAsyncioTestCase):
    """Tests on a mesh of their own, which has a Node worker of ``etest``."""

    mesh: Mesh
    node: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.mesh = Mesh()
        cls.node = cls.mesh.node_worker()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.mesh.close()

    async def block(self, app: str, uid: str, role: str, resource: str, **options: Any) -> Nexus:
        kind = {name: options.pop(name) for name in ("block", "grants") if name in options}
        credential = self.mesh.credential(app, uid, role, resource, **kind)
        nexus = Nexus(credential, self.mesh.bootstrap, listen=["/ip4/127.0.0.1/tcp/0"], **options)
        await nexus.start()
        self.addAsyncCleanup(nexus.stop)
        return nexus

    async def caller(self) -> Nexus:
        return await self.block("shop", "carl", "user", "caller", block="device", grants=("etest", "pytest"))

    async def worker(self, resource: str = "pydefault") -> Nexus:
        return await self.block("pytest", "anna", "owner", resource)


def kill_sidecar(nexus: Nexus) -> None:
    assert nexus.sidecar_pid is not None
    os.kill(nexus.sidecar_pid, signal.SIGKILL)


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str, timeout: float = 20.0) -> None:
    """Waits until a condition holds."""
    deadline = asyncio.get_running_loop().time() + timeout
    while True:
        held = condition()
        if await held if isinstance(held, Awaitable) else held:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"waited too long for {what}")
        await asyncio.sleep(0.02)
