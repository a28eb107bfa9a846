"""What a worker finds on its App beside messages, in programs of their own."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from unittest.mock import patch

from nexus_mesh import NexusError
from nexus_mesh.attributes import claims_in, default_resource
from nexus_mesh.databases import connect_database

from .program import HERE, Program
from .support import Mesh

_HAS_PYMONGO = importlib.util.find_spec("pymongo") is not None
_HAS_FASTAPI = all(importlib.util.find_spec(name) for name in ("fastapi", "uvicorn"))


class OnAMesh(unittest.TestCase):
    mesh: Mesh

    @classmethod
    def setUpClass(cls) -> None:
        cls.mesh = Mesh()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.mesh.close()

    def program(self, name: str, credential: str, *args: str) -> Program:
        program = Program(HERE / name, self.mesh, credential, args=args)
        self.addCleanup(program.end)
        return program

    def test_a_partners_worker(self) -> None:
        program = self.program("program_platform.py", self.mesh.credential("pyplatform", "ben", "partner", "pydefault"))
        jid = "pyplatform-ben-partner@py.example/pydefault"
        before = program.wait_for("before")
        self.assertEqual(before["who"], ["pyplatform", "ben", "pydefault", jid])
        self.assertEqual([before["connected"], before["udb"], before["xdb"]], [False, None, None])
        subscribed = program.wait_for("subscribed")
        self.assertEqual([subscribed[name] for name in ("value", "channels")], [0, ["room"]])
        owner = program.wait_for("owner")
        self.assertEqual(owner["value"], {"error": "no worker found"}, "by default the owner's workers are meant")
        self.assertEqual(owner["direct"], {"error": "no worker found"})
        self.assertEqual(program.wait_for("both")["value"], {"by": "fast", "uid": "ben"})
        self.assertEqual(program.wait_for("jid")["value"]["by"], "fast", "a JID says whose worker is meant")
        self.assertEqual(program.wait_for("fails")["value"]["code"], -501)
        self.assertEqual(program.wait_for("pong")["value"], {"pong": True, "environment": "python"})
        called = program.wait_for("called")
        self.assertEqual(sorted(called["called"][:4]), ["fails", "fast", "nothing", "slow"])
        ticks = called["ticks"]
        self.assertEqual((ticks["tick"], ticks["ends"]), (3, 1))
        self.assertGreater(ticks["safe"], 2)
        self.assertFalse({"replaced", "cleared"} & set(ticks))
        self.assertEqual(program.wait_for("own ping")["value"], {"own": True})

    def test_install(self) -> None:
        program = self.program("program_install.py", self.mesh.credential("pyinstall", "anna", "owner", "pydefault"))
        told = program.wait_for("installed")
        self.assertEqual((told["same"], told["answer"]), (True, {"code": 0, "result": 42}))
        self.assertEqual((told["payg"], told["rest"]), ({"left": 7}, "its own"))
        self.assertEqual((told["app"], told["bad"]), ("pyinstall", "INVALID"))

    @unittest.skipUnless(_HAS_FASTAPI, "needs fastapi and uvicorn")
    def test_rest(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        credential = self.mesh.credential("pyrest", "anna", "owner", "pydefault")
        program = self.program("program_rest.py", credential, str(port))
        program.wait_for("ready")
        self.assertEqual(self._get(port, "/start"), ({"code": 0}, "*"))
        self.assertEqual(self._get(port, "/double?a=21"), ({"code": 0, "result": 42}, "*"))
        program.process.send_signal(signal.SIGTERM)
        self.assertEqual(program.process.wait(15), 0)

    def _get(self, port: int, path: str) -> tuple[object, str | None]:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Origin": "http://a.example"})
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    return json.load(response), response.headers["access-control-allow-origin"]
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


class Databases(unittest.TestCase):
    def test_that_of_a_variable(self) -> None:
        with patch.dict(os.environ, {"XMONGOURL": "mongodb://127.0.0.1:1/shop", "UMONGOURL": ""}):
            self.assertIsNone(connect_database("UMONGOURL"))
            if _HAS_PYMONGO:
                self.assertEqual(connect_database("XMONGOURL").name, "shop")
            else:
                with self.assertRaisesRegex(NexusError, "INVALID: XMONGOURL .*pip install pymongo"):
                    connect_database("XMONGOURL")


class WhoAWorkerIs(unittest.TestCase):
    def test_its_resource_when_nobody_says(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "my-app" / "worker" / "main.py"
            with patch.object(sys.modules["__main__"], "__file__", str(program)):
                self.assertEqual(default_resource(), "worker.my_app.dev")

    def test_a_credential_file_that_cannot_be_read(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "credential.json"
            texts = ["", "[]", "{}", '{"certificate":7}', '{"certificate":"a"}', '{"certificate":"a.W10.b"}', "\x00"]
            for text in texts:
                path.write_text(text)
                self.assertEqual(claims_in(str(path)), {}, text)
        self.assertEqual(claims_in(None), {})
