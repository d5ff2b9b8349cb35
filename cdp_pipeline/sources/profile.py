"""The shape of a profile: what `cdp probe` measures of a sample export, without any value.

What belongs here: frozen data. What does not: measuring (probe) and drafting (draft).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdp_pipeline.project.shapes import FileFormat


@dataclass(frozen=True)
class ColumnProfile:
    """filled: share of rows with a value; format: a key of formats.FORMATS, "text" or "empty"; example:
    the form of one value, masked; is_key: filled and different in every row.
    """

    name: str
    filled: float
    distinct: int
    shortest: int
    longest: int
    format: str
    example: str
    is_key: bool


@dataclass(frozen=True)
class Profile:
    """rejects: code → records set aside; duplicates: rows equal to an earlier one; is_whole: all was read."""

    path: Path
    format: FileFormat
    rows: int
    rejects: Mapping[str, int]
    duplicates: int
    columns: tuple[ColumnProfile, ...]
    is_whole: bool = True
