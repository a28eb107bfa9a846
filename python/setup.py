"""Says what is missing where there is nothing to install yet: the bundle of the Node process that is the block."""

from pathlib import Path

from setuptools import setup

if not (Path(__file__).resolve().parent / "nexus_mesh" / "_sidecar" / "nexus-sidecar.mjs").exists():
    raise SystemExit("nexus_mesh is not bundled yet: run npm ci && npm run bundle:sidecar in the root of the repository")

setup()
