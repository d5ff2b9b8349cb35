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
from cdp_pipeline.run.failpoints import fault
from cdp_pipeline.run.lake import Run, expect_published, fingerprint, published_snapshot
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.whole_file import write_whole

FILE, HELD, EXCHANGED, NEXT = ".key", ".keys", ".key.exchanged", ".key.next"  # in the data folder
DEMO_KEY = b"demo key: public, never for real people"


def secret_key(variable: str, data: Path, exports: Path) -> bytes:
    """The key of a run; KeyMismatchError when it is not the expected one, or an exchange is half done."""
    if (data / NEXT).exists():  # verdicts may name records by the new key already
        unset = f" (without {variable} in the environment)" if os.environ.get(variable) else ""
        raise KeyMismatchError(f"an exchange of the key in {data} was cut short: finish with cdp key rotate{unset}")
    is_demo = (exports / "_demo.json").exists()
    own = DEMO_KEY if is_demo and not os.environ.get(variable) else own_key(variable, data)
    if own == DEMO_KEY and not is_demo:
        raise KeyMismatchError(
            f"{variable} is the public demo key, but {exports} holds no demo exports: set a key of your own"
        )
    return _expected(variable, data, own) if expected_key(data) else own or _made(data)


def key_in_force(variable: str, data: Path) -> bytes:
    """The key of a command that writes what later runs match; KeyMismatchError when it is not the expected one."""
    is_demo = not os.environ.get(variable) and expected_key(data) == fingerprint(DEMO_KEY)
    return _expected(variable, data, DEMO_KEY if is_demo else own_key(variable, data))


def expected_key(data: Path) -> str:
    """Fingerprint of the key that runs must have; empty before anything is published.

    It is the one that the published state was made with, or the one that this was exchanged for since.
    """
    published = published_snapshot(data)
    expected = read_manifest(published).key_fingerprint if published else ""
    for old, new in exchanges(data):
        expected = new if expected == old else expected
    return expected


def earlier_keys(variable: str, data: Path) -> tuple[bytes, ...]:
    """Keys of before that are still held, because something is keyed with them; in no order that matters."""
    values = [value for name, value in sorted(os.environ.items()) if name.startswith(f"{variable}_PREVIOUS") and value]
    files = sorted((data / HELD).glob("[!.]*"))
    return tuple(dict.fromkeys([*(key.encode() for key in values), *(path.read_bytes() for path in files)]))


def keys_of(run: Run) -> tuple[bytes, ...]:
    """Every key that a run holds, the one in use first."""
    return tuple(dict.fromkeys([run.key, *earlier_keys(run.project.settings.key_env, run.data)]))


def exchanges(data: Path) -> list[tuple[str, str]]:
    """Fingerprints of the old and the new key of every exchange that was carried through, in order (rotation.py)."""
    path = data / EXCHANGED
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [(words[0], words[1]) for words in lines if len(words) == 2]


def key_in_use(variable: str, data: Path, exports: Path) -> bytes | None:
    """The key that a run would use; makes none. What a demo was published with is its public key wherever its exports lie."""
    return DEMO_KEY if _is_demo(variable, data, exports) else own_key(variable, data)


def _is_demo(variable: str, data: Path, exports: Path) -> bool:
    is_of_demo = (exports / "_demo.json").exists() or expected_key(data) == fingerprint(DEMO_KEY)
    return is_of_demo and not os.environ.get(variable)


def source_of(variable: str, data: Path, exports: Path) -> str:
    """Where the key of a run would come from, in words; makes none."""
    if os.environ.get(variable):
        return f"the environment variable {variable}"
    if _is_demo(variable, data, exports):
        return "the demo, public"
    return f"{data / FILE}" if (data / FILE).exists() else "nowhere yet: the first run makes one"


def own_key(variable: str, data: Path) -> bytes | None:
    """The key of the environment, else that of the data folder; makes none."""
    if os.environ.get(variable):
        return os.environ[variable].encode()
    return (data / FILE).read_bytes() if (data / FILE).exists() else None


def _expected(variable: str, data: Path, own: bytes | None) -> bytes:
    """The key at hand, when it is the expected one; else KeyMismatchError says what to do."""
    made_with, expected = read_manifest(expect_published(data)).key_fingerprint, expected_key(data)
    if own and fingerprint(own) == expected:
        return own
    at_hand = f"the key at hand has the fingerprint {fingerprint(own)}" if own else "there is no key at hand"
    is_exchanged = made_with != expected
    why = f"key {made_with} was exchanged for it" if is_exchanged else f"the published data in {data} was made with it"
    cure = "" if is_exchanged else ", or use another data folder; cdp key rotate exchanges a key"
    raise KeyMismatchError(f"{at_hand}, expected is {expected}, for {why}: set {variable} to that key{cure}")


def _made(data: Path) -> bytes:
    """A random key, kept in the data folder."""
    path = data / FILE
    new = path.with_name(f"{FILE}.made")
    write_whole(new, secrets.token_hex(32), "key")
    with suppress(FileExistsError):  # a key that another process made meanwhile is never replaced
        os.link(new, path)
    fault("key.linked")
    new.unlink(missing_ok=True)
    return path.read_bytes()
