"""What raw.files says of a file that was loaded and is worth a look.

What belongs here: notes, `code: words`, with names of columns and counts, never a value. What does not:
finding what they tell of (batches, header).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from cdp_pipeline.sources.batches import Shape
from cdp_pipeline.sources.header import key_of

NEARLY = 0.85
"""From this likeness (difflib) on, a column nobody maps may be a mapped one under a new name."""


def notes_on(shape: Shape, wanted: Sequence[str], rows: int) -> list[str]:
    """Notes in a fixed order; empty when there is nothing to see."""
    return [
        *_renamed(shape.names, wanted),
        *_doubled(shape.names),
        *([f"mixed_line_ends: {' and '.join(sorted(shape.seen.line_ends))}"] if len(shape.seen.line_ends) > 1 else []),
        *([f"damaged_characters: in {shape.seen.damaged} places"] if shape.seen.damaged else []),
        *([] if rows else ["no_rows"]),
    ]


def _renamed(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    there, mapped = {key_of(n) for n in names}, {key_of(w) for w in wanted}
    free = {key_of(n): n for n in names if key_of(n) not in mapped}
    found = []
    for name in wanted:
        if key_of(name) not in there:
            near = difflib.get_close_matches(key_of(name), list(free), n=1, cutoff=NEARLY)
            found += [f"renamed_column: {name} may now be {free[near[0]]}"] if near else []
    return found


def _doubled(names: Sequence[str]) -> list[str]:
    counts = Counter(key_of(name) for name in names)
    return [f"doubled_column: {name}" for name in dict.fromkeys(names) if counts[key_of(name)] > 1]
