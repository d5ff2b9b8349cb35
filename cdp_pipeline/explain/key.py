"""The key that published data was made with, found again without making one.

What belongs here: looking it up for a command that only reads. What does not: the keys of a run
and of a command that writes (privacy/keys.py).
"""

from __future__ import annotations

import os
from pathlib import Path

from cdp_pipeline.privacy.keys import DEMO_KEY, earlier_keys
from cdp_pipeline.run.lake import expect_published, fingerprint
from cdp_pipeline.run.manifest import read_manifest


def known_key(variable: str, data: Path) -> bytes | None:
    """The key from the environment, from `DATA/.key` or of the demo that fits the snapshot; None when none does."""
    made_with = read_manifest(expect_published(data)).key_fingerprint
    own = data / ".key"
    candidates = [os.environ.get(variable, "").encode(), own.read_bytes() if own.exists() else b"", DEMO_KEY]
    candidates += earlier_keys(variable, data)
    return next((key for key in candidates if key and fingerprint(key) == made_with), None)
