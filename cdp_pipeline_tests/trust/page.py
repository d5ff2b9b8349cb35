"""docs/trust.md: the figures of the proofs, with what each was.

What belongs here: words and tables. What does not: measuring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdp_pipeline_tests.trust.figure import Figure

_HEAD = """# What was tried to break it

Every line is a promise, how often a test tried to break it, and how often it broke. Written by `make trust`, which
runs the proofs in `cdp_pipeline_tests/trust/` at full scale; `make test` runs the same proofs at a small one.

None of N tries broken does not mean never: with 95 % confidence it bounds the rate below about 3/N.
"""
_TITLES = {
    "bad_input": "Bad input",
    "one_cell": "One changed cell",
    "hostile": "Hostile input",
    "faults": "Faults at every step of a run",
    "kills": "Runs killed at random",
    "readers": "Readers during publication",
    "determinism": "The same again",
    "nights": "Missed nights made up",
    "erasure": "Erased people",
    "canary": "Personal data where it must not be",
    "permissions": "Permissions",
    "laws": "Laws of conservation",
}


def render(figures: Mapping[str, Sequence[Figure]]) -> str:
    """The page: one table a proof, in the order of the titles; a proof not measured is named as such."""
    parts = [_HEAD]
    for name, title in _TITLES.items():
        parts.append(f"## {title}\n")
        if not figures.get(name):
            parts.append("Not measured yet.\n")
            continue
        parts.append("| promise | tried | broken | what was tried |\n|---|---|---|---|")
        parts.extend(f"| {f.promise} | {f.tried:,} | {f.broken:,} | {_cell(f.words)} |" for f in figures[name])
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _cell(words: str) -> str:
    return " ".join(words.replace("|", "\\|").split())
