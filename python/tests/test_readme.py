"""The README's code: from the sources, and from a wheel in a clean environment, with the real FastAPI and uvicorn."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from .program import HERE
from .support import ROOT, Mesh

PACKAGE = ROOT / "python"
_WAIT = 40.0


class Readme:
    """The programs of the README, run by one Python in a mesh of their own."""

    def __init__(self, mesh: Mesh, python: str, environment: dict[str, str]) -> None:
        self._mesh = mesh
        self._python = python
        self._environment = environment
        self._running: list[subprocess.Popen[str]] = []
        readme = (PACKAGE / "README.md").read_text()
        for name, code in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", readme, re.DOTALL):
            (mesh.directory / name).write_text(code)

    def start(self, credential: str, *args: str) -> subprocess.Popen[str]:
        env = {**os.environ, **self._environment}
        env.update(NEXUS_CREDENTIAL=credential, NEXUS_BOOTSTRAP=",".join(self._mesh.bootstrap))
        program = subprocess.Popen(
            [self._python, *args], cwd=self._mesh.directory, env=env, stdout=subprocess.PIPE, text=True
        )
        self._running.append(program)
        return program

    def start_worker(self) -> None:
        self.start(self._mesh.credential("etest", "anna", "owner", "pydefault"), "worker.py")
        observer = self._mesh.credential("shop", "olga", "user", "observer", block="device")
        bootstrap = [part for address in self._mesh.bootstrap for part in ("--bootstrap", address)]
        deadline = time.monotonic() + _WAIT
        find = ("find", "--credential", observer, *bootstrap, "--app", "etest")
        while "pydefault" not in self._mesh.nexus(*find).stdout:
            if time.monotonic() > deadline:
                raise AssertionError("the worker is not found")

    def call(self) -> str:
        credential = self._mesh.credential("shop", "carl", "user", "caller", grants=("etest",))
        printed, _ = self.start(credential, "caller.py").communicate(timeout=_WAIT)
        return printed

    def close(self) -> None:
        for program in self._running:
            program.kill()
            program.wait()
            if program.stdout is not None:
                program.stdout.close()


class FromSources(unittest.TestCase):
    def test_worker_and_caller(self) -> None:
        mesh = Mesh()
        self.addCleanup(mesh.close)
        readme = Readme(mesh, sys.executable, {"PYTHONPATH": str(PACKAGE)})
        self.addCleanup(readme.close)
        readme.start_worker()
        self.assertEqual(readme.call().strip(), "{'code': 0, 'result': 42, 'for': 'carl'}")


@unittest.skipUnless(os.environ.get("NEXUS_TEST_PIP"), "needs a package index: set NEXUS_TEST_PIP=1")
class FromWheel(unittest.TestCase):
    def test_installed(self) -> None:
        mesh = Mesh()
        self.addCleanup(mesh.close)
        python = self._installed(mesh)
        readme = Readme(mesh, python, {"PYTHONPATH": "", "NEXUS_NODE": mesh.node})
        self.addCleanup(readme.close)

        with self.subTest("the ten lines"):
            readme.start_worker()
            self.assertEqual(readme.call().strip(), "{'code': 0, 'result': 42, 'for': 'carl'}")

        with self.subTest("FastAPI under uvicorn"):
            credential = mesh.credential("shop", "dora", "user", "web", grants=("etest",))
            uvicorn = ("-m", "uvicorn", "server:app", "--log-level", "warning", "--port")
            answer = self._serve(readme, credential, uvicorn, "/product?a=6&b=7")
            self.assertEqual(answer, {"code": 0, "result": 42, "for": "dora"})

        with self.subTest("the REST server of a worker"):
            credential = mesh.credential("pyrest", "anna", "owner", "pydefault")
            answer = self._serve(readme, credential, (str(HERE / "program_rest.py"),), "/double?a=21")
            self.assertEqual(answer, {"code": 0, "result": 42})

    def _installed(self, mesh: Mesh) -> str:
        directory = Path(tempfile.mkdtemp(dir=mesh.directory))
        subprocess.run([mesh.node, str(ROOT / "scripts" / "bundle-sidecar.ts")], cwd=ROOT, check=True)
        pip = self._environment(directory / "tools")
        subprocess.run([pip, "-m", "pip", "install", "-q", "build"], check=True)
        build = [pip, "-m", "build", "--outdir", str(directory), str(PACKAGE)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = directory.glob("*.whl")
        python = self._environment(directory / "clean")
        subprocess.run([python, "-m", "pip", "install", "-q", str(wheel)], check=True)
        freeze = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
        self.assertEqual(len(freeze.splitlines()), 1, "it needs nothing else")
        subprocess.run([python, "-m", "pip", "install", "-q", "fastapi", "uvicorn"], check=True)
        return python

    def _environment(self, directory: Path) -> str:
        subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
        return str(directory / "bin" / "python")

    def _serve(self, readme: Readme, credential: str, program: tuple[str, ...], path: str) -> object:
        """What a server gives that is started with its port; it ends when it is told to."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = readme.start(credential, *program, str(port))
        answer = None
        deadline = time.monotonic() + _WAIT
        while (answer or {}).get("code") != 0 and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=_WAIT) as response:
                    answer = json.load(response)
            except OSError:
                time.sleep(0.05)
        server.terminate()
        self.assertIn(server.wait(15), (0, -15))
        return answer


if __name__ == "__main__":
    unittest.main()
