"""What mypy says of programs, and pip of a clone that is not bundled yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
import venv
from pathlib import Path

from .support import ROOT

PACKAGE = ROOT / "python"
GOOD = 'await nexus.api(app="etest", cmd="add", timeout=5)\n    Nexus("anna.json", listen=[], timeoutMs=500)'
BAD = {
    'await nexus.api(app="etest", cmd="add", timeout="5")': 'Argument "timeout" to "api" of "Nexus" has incompatible type',
    'Nexus("anna.json", timeoutMs="500")': 'Argument "timeoutMs" to "Nexus" has incompatible type',
    'Nexus("anna.json", tiemoutMs=500)': 'Unexpected keyword argument "tiemoutMs"',
}


@unittest.skipUnless(os.environ.get("NEXUS_TEST_PIP"), "needs a package index: set NEXUS_TEST_PIP=1")
class Types(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        venv.create(self.directory / "tools", with_pip=True)
        self.python = str(self.directory / "tools" / "bin" / "python")

    def test_options_are_typed(self) -> None:
        subprocess.run([self.python, "-m", "pip", "install", "-q", "mypy"], check=True)
        self.assertIn("Success", self._mypy(GOOD))
        for line, expected in BAD.items():
            with self.subTest(line):
                self.assertIn(expected, self._mypy(line))

    def test_pip_says_what_is_missing(self) -> None:
        clone = self.directory / "python"
        shutil.copytree(PACKAGE, clone, ignore=shutil.ignore_patterns("_sidecar", "tests"))
        install = subprocess.run([self.python, "-m", "pip", "install", str(clone)], capture_output=True, text=True)
        self.assertNotEqual(install.returncode, 0)
        self.assertIn("run npm ci && npm run bundle:sidecar", install.stdout + install.stderr)

    def _mypy(self, line: str) -> str:
        program = self.directory / "program.py"
        program.write_text(f"from nexus_mesh import Nexus\n\nasync def main(nexus: Nexus) -> None:\n    {line}\n")
        env = {**os.environ, "MYPYPATH": str(PACKAGE)}
        command = [self.python, "-m", "mypy", "--python-version", "3.11", "--cache-dir", str(self.directory), str(program)]
        return subprocess.run(command, capture_output=True, text=True, env=env).stdout
