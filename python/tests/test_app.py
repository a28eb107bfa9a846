"""The face that workers of the platform know, in programs of their own."""

from __future__ import annotations

import json
import signal
import time
import unittest

from .program import HERE, Program, is_running
from .support import Mesh


class OnAMesh(unittest.TestCase):
    mesh: Mesh

    @classmethod
    def setUpClass(cls) -> None:
        cls.mesh = Mesh()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.mesh.close()

    def program(self, name: str, resource: str) -> Program:
        program = Program(HERE / name, self.mesh, self.mesh.credential("pyapp", "anna", "owner", resource))
        self.addCleanup(program.end)
        return program

    def test_a_worker_as_its_author_writes_it(self) -> None:
        program = self.program("program_app.py", "pydefault")
        program.wait_for("ready")
        own = program.wait_for("own")["answer"]
        self.assertEqual((own["result"], own["uid"], own["servsecret"]), (6, "anna", None))
        self.assertEqual(program.wait_for("failure")["value"], {"code": -1000, "msg": "no api handler"})
        nobody = program.wait_for("nobody")["value"]
        self.assertIn(nobody, ({"error": "no worker found"}, {"error": "timeout"}))
        self.assertEqual(program.wait_for("bad")["value"]["code"], -400)
        jid = "pyapp-anna-owner@py.example/pydefault"
        self.assertEqual(program.wait_for("found")["value"], {"code": 0, "jids": [jid]})
        self.assertIn("await App.find", program.wait_for("misused")["message"])
        echo = program.wait_for("channel")
        self.assertEqual((echo["body"], echo["itsme"], echo["fromjid"]), ({"from": "itself"}, True, jid))
        self.assertEqual(program.wait_for("everything")["channel"], "room")

        carl = self.mesh.credential("shop", "carl", "user", "cli", block="device", grants=("pyapp",))
        common = ["--credential", carl, "--bootstrap", self.mesh.bootstrap[0], "--json"]
        done = self.mesh.nexus("api", "--app", "pyapp", "multiply", '{"a":6,"b":7}', *common)
        self.assertEqual(json.loads(done.stdout)["reply"]["result"], 42, done.stderr)
        done = self.mesh.nexus("api", "--app", "pyapp", "slow", "{}", *common)
        self.assertEqual(json.loads(done.stdout)["reply"], {"jids": [jid]}, done.stderr)
        self.assertEqual(self.mesh.nexus("direct", "--app", "pyapp", '{"hi":1}', *common).returncode, 0)
        direct = program.wait_for("direct")
        self.assertEqual((direct["body"], direct["channel"]), ({"hi": 1}, None))
        self.assertEqual(direct["fromjid"], "shop-carl-user@py.example/cli")
        self.assertEqual(self.mesh.nexus("pub", "room", '{"all":1}', *common).returncode, 0)
        self.assertEqual(program.wait_for("channel")["body"], {"all": 1})

    def test_kill_9_leaves_no_sidecar(self) -> None:
        for _ in range(5):
            programs = [self.program("program_pid.py", f"orphan{n}") for n in range(4)]
            sidecars = [program.wait_for("ready")["sidecar"] for program in programs]
            for program in programs:
                program.process.send_signal(signal.SIGKILL)
            deadline = time.monotonic() + 1
            while any(map(is_running, sidecars)) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.assertFalse(any(map(is_running, sidecars)), "a sidecar is still there after 1 s")
