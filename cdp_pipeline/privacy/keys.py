"""The secret key that keys person ids and pseudonyms.

What belongs here: where the key comes from and when it is refused. What does not: what is computed
with it.

The key comes from the environment variable that project.yml names (CDP_KEY). Without it, demo
exports use a fixed public key; any other data folder gets a random key of its own, kept in
`DATA/.key`, readable by its owner alone.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cdp_pipeline.errors import KeyMismatchError
from cdp_pipeline.lake import fingerprint, published_snapshot
from cdp_pipeline.manifest import read_manifest

DEMO_KEY = b"demo key: public, never for real people"


def secret_key(variable: str, data: Path, exports: Path) -> bytes:
    """The key of a run; raises KeyMismatchError when the published data was made with another."""
    is_demo = (exports / "_demo.json").exists()
    key = _find(variable, data, is_demo)
    if key == DEMO_KEY and not is_demo:
        raise KeyMismatchError(
            f"{variable} is the public demo key, but {exports} holds no demo exports: set a key of your own"
        )
    published = published_snapshot(data)
    known = read_manifest(published).key_fingerprint if published else ""
    if known and known != fingerprint(key):
        raise KeyMismatchError(
            f"the published data in {data} was made with key {known}, this run has key {fingerprint(key)}: "
            f"set {variable} to the old key, or use another data folder"
        )
    return key


def _find(variable: str, data: Path, is_demo: bool) -> bytes:
    if os.environ.get(variable):
        return os.environ[variable].encode()
    if is_demo:
        return DEMO_KEY
    path = data / ".key"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, secrets.token_hex(32).encode())
        os.close(descriptor)
    return path.read_bytes()
