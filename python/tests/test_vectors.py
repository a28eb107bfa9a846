"""The vectors that every implementation shares."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from nexus_mesh.bodies import decode_json, encode_json
from nexus_mesh.envs import read_envs
from nexus_mesh.errors import NexusError
from nexus_mesh.frames import Frame, FrameDecoder, encode_frame, encode_varint
from nexus_mesh.jid import parse_jid
from nexus_mesh.values import body_of, call_of, gap_of, identity_of, message_of, status_of

from .support import ROOT

NAMES = {"timeoutMs": "timeout_ms", "issuerCertificate": "issuer_certificate"}


def vectors(name: str) -> Any:
    return json.loads((ROOT / "test" / "vectors" / f"{name}.json").read_text(), parse_int=double_above_safe)


def double_above_safe(text: str) -> int | float:
    """Numbers are those of doubles."""
    return int(text) if abs(int(text)) < 2**53 else float(text)


def frame_of(fields: dict[str, Any]) -> Frame:
    values = {NAMES.get(name, name): value for name, value in fields.items()}
    if "body" in values:
        values["body"] = bytes.fromhex(values["body"])
    return Frame(**values)


class Frames(unittest.TestCase):
    def test_varints(self) -> None:
        for vector in vectors("frames")["varints"]:
            self.assertEqual(encode_varint(vector["value"]).hex(), vector["wire"])

    def test_bad_lengths(self) -> None:
        for vector in vectors("frames")["badLengths"]:
            with self.subTest(vector["why"]), self.assertRaises(NexusError):
                list(FrameDecoder().feed(bytes.fromhex(vector["wire"])))

    def test_good_frames_split_at_every_byte(self) -> None:
        for vector in vectors("frames")["good"]:
            wire = bytes.fromhex(vector["wire"])
            expected = frame_of(vector["fields"])
            for split in range(len(wire) + 1):
                decoder = FrameDecoder()
                got = [*decoder.feed(wire[:split]), *decoder.feed(wire[split:])]
                self.assertEqual(got, [expected], vector["name"])

    def test_frames_are_written_as_the_vectors_have_them(self) -> None:
        for vector in vectors("frames")["good"]:
            if vector.get("canonical", True):
                decoded = list(FrameDecoder().feed(encode_frame(frame_of(vector["fields"]))))
                self.assertEqual(decoded, [frame_of(vector["fields"])], vector["name"])

    def test_bad_frames(self) -> None:
        for vector in vectors("frames")["bad"]:
            with self.subTest(vector.get("name") or vector.get("why")), self.assertRaises(NexusError):
                list(FrameDecoder().feed(bytes.fromhex(vector["wire"])))


class LinkFrames(unittest.TestCase):
    def test_what_the_program_says(self) -> None:
        for step in self._steps("program"):
            with self.subTest(step["name"]):
                frame = frame_of(step["fields"])
                if "body" in step:
                    frame.body = encode_json(step["body"])
                self.assertEqual(encode_frame(frame).hex(), step["wire"])

    def test_what_the_child_says(self) -> None:
        for step in self._steps("child"):
            with self.subTest(step["name"]):
                [frame] = FrameDecoder().feed(bytes.fromhex(step["wire"]))
                self.assertEqual(decode_json(frame.body) if frame.body else None, step.get("body"))
                expected = frame_of(step["fields"])
                expected.body = frame.body
                self.assertEqual(frame, expected)

    def test_calls_events_and_answers_are_read(self) -> None:
        bodies = {step["name"]: step.get("body") for step in self._steps("child")}
        self.assertEqual(call_of(bodies["call"]).sender.resource, "default")
        self.assertEqual(message_of(bodies["event direct"]).body, {"hello": 1})
        channel = message_of(bodies["event channel"])
        self.assertEqual((channel.channel, channel.its_me, channel.its_bro, channel.seq), ("news", True, False, 0))
        self.assertEqual(gap_of(bodies["event gap"]).missed, 3)
        self.assertEqual(gap_of(bodies["event dropped"]).missed, 7)
        self.assertEqual(status_of(bodies["event status"]).reason, "UNREACHABLE")
        self.assertEqual(status_of(bodies["hello: answer"]["status"]).state, "online")
        self.assertEqual(body_of(bodies["api, raw bytes: answer"]), b"\x00\xff")
        self.assertEqual(identity_of(bodies["find: answer"]["workers"][0]).app, "etest")

    @staticmethod
    def _steps(side: str) -> list[dict[str, Any]]:
        told = vectors("link")
        return [step for step in [*told["conversation"], *told["others"]] if step["from"] == side]


class Jids(unittest.TestCase):
    def test_cases(self) -> None:
        for case in vectors("jids")["cases"]:
            with self.subTest(case["name"]):
                expected = case.get("expected")
                if expected is not None:
                    jid = parse_jid(case["input"])
                    self.assertEqual({name: getattr(jid, name) for name in expected}, expected)
                    self.assertEqual(str(jid), case["input"])
                else:
                    self.assertRaises(NexusError, parse_jid, case["input"])


class Bodies(unittest.TestCase):
    def test_good(self) -> None:
        for vector in vectors("bodies")["good"]:
            if vector["type"] == 0:
                with self.subTest(vector["name"]):
                    decoded = decode_json(bytes.fromhex(vector["bytes"]))
                    self.assertEqual(decoded, self._value_of(vector))
                    if "surrogate" not in vector["name"]:
                        self.assertEqual(decode_json(encode_json(decoded)), decoded)

    def test_bad(self) -> None:
        for vector in vectors("bodies")["bad"]:
            if vector["type"] == 0:
                with self.subTest(vector["why"]), self.assertRaises(NexusError) as raised:
                    decode_json(bytes.fromhex(vector["bytes"]))
                self.assertEqual(raised.exception.code, "INVALID")

    def test_every_file_keeps_the_rules(self) -> None:
        for file in (ROOT / "test" / "vectors").glob("*.json"):
            with self.subTest(file.name):
                self.assertEqual(decode_json(file.read_bytes()), json.loads(file.read_text(), parse_int=double_above_safe))

    @staticmethod
    def _value_of(vector: dict[str, Any]) -> Any:
        if "depth" not in vector:
            return vector["value"]
        value: list[Any] = []
        for _ in range(vector["depth"] - 1):
            value = [value]
        return value

    def test_refused_before_sending(self) -> None:
        cycle: list[Any] = []
        cycle.append(cycle)
        coroutine = asyncio.sleep(0)
        self.addCleanup(coroutine.close)
        bad: dict[str, Any] = {
            "$.a is nan": {"a": float("nan")},
            "$.a[0] is inf": {"a": [float("inf")]},
            "$.big is an integer over": {"big": 2**53},
            "$.a has half of a surrogate": {"a": "\ud800"},
            "$.a is bytes, which JSON does not carry: send it as text (in base64, say)": {"a": b"x"},
            "$.a is set": {"a": {1}},
            "$.a is coroutine, which JSON does not carry: is an await missing?": {"a": coroutine},
            "$[0] is ValueError": [ValueError()],
            "$[0] is object": [object()],
            "$[0] is part of itself": cycle,
            "no text": {1: 2},
        }
        for message, value in bad.items():
            with self.subTest(message), self.assertRaises(NexusError) as raised:
                encode_json(value)
            self.assertEqual(raised.exception.code, "INVALID")
            self.assertIn(message, raised.exception.message)
        with self.assertRaises(NexusError) as raised:
            encode_json({"a": "x" * (5 * 1024 * 1024)})
        self.assertEqual(raised.exception.code, "TOO_LARGE")
        body = {"ü": [2**53 - 1, -1.5, None, True]}
        self.assertEqual(decode_json(encode_json(body)), body)


class EnvFiles(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "worker.env"

    def test_files(self) -> None:
        for vector in vectors("env-files"):
            with self.subTest(vector["name"]):
                self.assertEqual(self._read(vector["text"].encode()), vector["values"])

    def test_what_is_no_utf_8(self) -> None:
        self.assertEqual(self._read(b"A=\xff\nB=2"), {"A": "\ufffd", "B": "2"})

    @unittest.skipUnless(importlib.util.find_spec("dotenv"), "needs python-dotenv")
    def test_python_dotenv_reads_the_same(self) -> None:
        from dotenv import dotenv_values

        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)
        for vector in vectors("env-files"):
            with self.subTest(vector["name"]):
                self.file.write_bytes(vector["text"].encode())
                read = dotenv_values(self.file, interpolate=False, encoding="utf-8")
                expected = vector.get("pythonDotenv", vector["values"])
                self.assertEqual({name: value for name, value in read.items() if value is not None}, expected)

    def _read(self, content: bytes) -> dict[str, str]:
        self.file.write_bytes(content)
        with mock.patch.dict(os.environ, clear=True):
            read_envs(self.file.parent)
            return dict(os.environ)
