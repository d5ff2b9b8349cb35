"""How long the layers of a run took, from its manifest.

What belongs here: sums of seconds. What does not: showing them (work.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdp_pipeline.run.manifest import Manifest


@dataclass(frozen=True)
class Stage:
    """One layer in this run: seconds of work, tables made again, tables found unchanged."""

    name: str
    seconds: float
    made: int
    reused: int


def stages(manifest: Manifest, layers: Sequence[str]) -> tuple[Stage, ...]:
    """Seconds per layer, in the order of `layers`."""
    found = []
    for layer in layers:
        entries = [entry for name, entry in manifest.tables.items() if name.startswith(f"{layer}.")]
        if entries:
            reused = sum(entry.is_reused for entry in entries)
            found.append(Stage(layer, sum(entry.seconds for entry in entries), len(entries) - reused, reused))
    return tuple(found)


def slowest(manifest: Manifest) -> tuple[tuple[str, float], ...]:
    """The eight tables that took longest in this run, with their seconds."""
    times = {name: entry.seconds for name, entry in manifest.tables.items() if not entry.is_reused}
    return tuple(sorted(times.items(), key=lambda item: (-item[1], item[0]))[:8])
