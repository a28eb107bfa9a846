"""How a program ends: killed, or by a signal, with calls in work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import unittest
from typing import Any

from .program import HERE, Program, is_running
from .support import NEXUS, Mesh

BY_ASYNCIO_RUN = ("program_ends_async.py", "program_ends_lifespan.py")


class OnAMesh(unittest.TestCase):
    mesh: Mesh

    @classmethod
    def setUpClass(cls) -> None:
        cls.mesh = Mesh()
        cls.carl = cls.mesh.credential("shop", "carl", "user", "cli", block="device", grants=("pyends",))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.mesh.close()

    def start(self, name: str, resource: str) -> tuple[Program, int]:
        credential = self.mesh.credential("pyends", "anna", "owner", resource)
        program = Program(HERE / name, self.mesh, credential, start_new_session=True)
        self.addCleanup(program.end)
        return program, program.wait_for("ready")["sidecar"]

    def call(self, resource: str) -> subprocess.Popen[str]:
        """A call under way, that some time later is answered or fails."""
        common = ["--credential", self.carl, "--bootstrap", self.mesh.bootstrap[0], "--json"]
        command = [self.mesh.node, NEXUS, "api", "--app", "pyends", "--resource", resource, "wait", "{}", *common]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def outcome(self, calling: subprocess.Popen[str]) -> dict[str, Any]:
        stdout, stderr = calling.communicate(timeout=60)
        self.assertNotEqual(stdout + stderr, "")
        return json.loads(stdout or stderr)

    def assert_gone(self, sidecar: int) -> None:
        deadline = time.monotonic() + 1
        while is_running(sidecar) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(is_running(sidecar), "the sidecar is still there after 1 s")

    def test_a_call_of_a_killed_worker_is_lost(self) -> None:
        for name in ("program_ends.py", "program_ends_async.py"):
            with self.subTest(name):
                program, sidecar = self.start(name, "killed")
                calling = self.call("killed")
                program.wait_for("called")
                program.process.send_signal(signal.SIGKILL)
                outcome = self.outcome(calling)
                self.assertEqual(outcome["error"]["code"], "LOST", outcome)
                self.assert_gone(sidecar)

    def test_ends_in_order_by_a_signal(self) -> None:
        self.ends_in_order("program_ends_plainly.py", signal.SIGTERM)
        self.ends_in_order("program_ends_plainly.py", signal.SIGINT)
        self.ends_in_order("program_ends_lifespan.py", signal.SIGINT)
        program = self.ends_in_order("program_ends_async.py", signal.SIGTERM)
        self.assertEqual(program.wait_for("last")["answer"], "pong")

    def test_a_signal_to_the_group_lets_the_program_call(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            program = self.ends_in_order("program_ends.py", number, group=True)
            program.wait_for("interrupted")
            self.assertEqual(program.wait_for("last")["answer"], {"code": 0, "waited": True})
        program = self.ends_in_order("program_ends_async.py", signal.SIGINT, group=True)
        self.assertEqual(program.wait_for("last")["answer"], "pong")

    def ends_in_order(self, name: str, number: signal.Signals, *, group: bool = False) -> Program:
        program, sidecar = self.start(name, "ending")
        calling = self.call("ending")
        program.wait_for("called")
        if group:
            os.killpg(program.process.pid, number)
        else:
            program.process.send_signal(number)
        outcome = self.outcome(calling)
        self.assertTrue(outcome.get("reply", {}).get("waited"), outcome)
        code = program.process.wait(10)
        # What `asyncio.run` does with Ctrl-C ends a program by SIGINT.
        self.assertEqual(code, -signal.SIGINT if name in BY_ASYNCIO_RUN else 0)
        self.assert_gone(sidecar)
        return program
