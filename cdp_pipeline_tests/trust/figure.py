"""What one proof came to.

What belongs here: the shape that every proof of this folder returns. What does not: the proofs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A promise, how often it was tried, and how often it did not hold."""

    promise: str
    tried: int
    broken: int
    words: str = ""
