"""The secret key that keys person ids and pseudonyms.

What belongs here: where the key comes from and when it is refused. What does not: what is computed
with it.

The key comes from the environment variable that project.yml names (CDP_KEY). Without it, demo
exports use a fixed public key; any other data folder gets a random key of its own, kept in
`DATA/.key`, readable by its owner alone.

While a key is exchanged (rotation.py) the earlier ones are held too: in `<CDP_KEY>_PREVIOUS` and
variables whose names begin so, when the key comes from the environment, else in `DATA/.keys/`.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cdp_pipeline.errors import KeyMismatchError
from cdp_pipeline.faults import fault
from cdp_pipeline.lake import Run, fingerprint, published_snapshot
from cdp_pipeline.manifest import read_manifest
from cdp_pipeline.whole_file import write_whole

FILE, HELD, EXCHANGED, NEXT = ".key", ".keys", ".key.exchanged", ".key.next"  # in the data folder
DEMO_KEY = b"demo key: public, never for real people"


def secret_key(variable: str, data: Path, exports: Path) -> bytes:
    """The key of a run; KeyMismatchError when the published data was made with another, or an exchange is half done."""
    if (data / NEXT).exists():  # verdicts may name records by the new key already
        unset = f" (without {variable} in the environment)" if os.environ.get(variable) else ""
        raise KeyMismatchError(f"an exchange of the key in {data} was cut short: finish with cdp key rotate{unset}")
    is_demo = (exports / "_demo.json").exists()
    key = _find(variable, data, is_demo)
    if key == DEMO_KEY and not is_demo:
        raise KeyMismatchError(
            f"{variable} is the public demo key, but {exports} holds no demo exports: set a key of your own"
        )
    published = published_snapshot(data)
    known = read_manifest(published).key_fingerprint if published else ""
    is_exchanged = exchanged(data) == (known, fingerprint(key))
    if known and known != fingerprint(key) and not is_exchanged:
        raise KeyMismatchError(
            f"the published data in {data} was made with key {known}, this run has key {fingerprint(key)}: "
            f"set {variable} to the old key, or use another data folder; cdp key rotate exchanges a key"
        )
    return key


def earlier_keys(variable: str, data: Path) -> tuple[bytes, ...]:
    """Keys of before that are still held, because something is keyed with them; in no order that matters."""
    told = [value for name, value in sorted(os.environ.items()) if name.startswith(f"{variable}_PREVIOUS") and value]
    kept = sorted((data / HELD).glob("[!.]*"))
    return tuple(dict.fromkeys([*(key.encode() for key in told), *(path.read_bytes() for path in kept)]))


def keys_of(run: Run) -> tuple[bytes, ...]:
    """Every key that a run holds, the one in use first."""
    return tuple(dict.fromkeys([run.key, *earlier_keys(run.project.settings.key_env, run.data)]))


def exchanged(data: Path) -> tuple[str, str] | None:
    """Fingerprints of the old and the new key of the last exchange that was carried through (rotation.py)."""
    path = data / EXCHANGED
    words = path.read_text().split() if path.exists() else []
    return (words[0], words[1]) if len(words) == 2 else None


def source_of(variable: str, data: Path, exports: Path) -> str:
    """Where the key of a run would come from, in words; makes none."""
    if os.environ.get(variable):
        return f"the environment variable {variable}"
    if (exports / "_demo.json").exists():
        return "the demo, public"
    return f"{data / FILE}" if (data / FILE).exists() else "nowhere yet: the first run makes one"


def own_key(variable: str, data: Path) -> bytes | None:
    """The key of the environment, else that of the data folder; makes none."""
    if os.environ.get(variable):
        return os.environ[variable].encode()
    return (data / FILE).read_bytes() if (data / FILE).exists() else None


def _find(variable: str, data: Path, is_demo: bool) -> bytes:
    if os.environ.get(variable):
        return os.environ[variable].encode()
    if is_demo:
        return DEMO_KEY
    path = data / FILE
    if not path.exists():
        made = path.with_name(f"{FILE}.made")
        write_whole(made, secrets.token_hex(32), "key")
        with suppress(FileExistsError):  # a key that another process made meanwhile is never replaced
            os.link(made, path)
        fault("key.linked")
        made.unlink(missing_ok=True)
    return path.read_bytes()
