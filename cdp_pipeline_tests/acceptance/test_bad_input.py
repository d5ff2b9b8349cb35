"""Whatever a night brings, nothing is changed or lost in silence.

What belongs here: the floor under the classes of bad input and under the mutations, at small scale. What
does not: the classes and the mutations themselves (trust/bad_input*.py, trust/mutations.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from cdp_pipeline_tests.trust.bad_input import CASES, Judged, judge_all
from cdp_pipeline_tests.trust.mutations import bound, mutated

DOCS = Path(__file__).parents[2] / "docs" / "error-codes.md"
# What cannot be brought about by the bytes of a file: a disk that changes under the reader, and modes that root ignores.
OF_THE_MACHINE = {"changed_while_read", "unreadable"}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Judged]:
    return judge_all(tmp_path_factory.mktemp("bad") / "classes")


def test_no_class_of_bad_input_is_silent(found: Sequence[Judged]) -> None:
    """No value differs from the truth and no row is missing without a word about that file."""
    assert [one.case.name for one in found if one.is_silent] == []
    assert len({one.case.name for one in found}) == len(found) >= 200
    assert sum(one.case.own for one in found) >= 15


def test_each_class_ends_as_it_must(found: Sequence[Judged]) -> None:
    """Refused, set aside or kept, with the code that the docs explain, and every other row as it was."""
    others = {one.case.name: one.otherwise for one in found if one.otherwise}
    assert not others, others


def test_the_codes_of_the_docs_have_a_class() -> None:
    """Every code that a file can cause is caused by a class."""
    codes = set(re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(codes) > 50
    assert codes - {case.code for case in CASES} - OF_THE_MACHINE == set()


def test_no_mutation_of_a_valid_file_is_silent(tmp_path: Path) -> None:
    """Flipped bits, lost lines, foreign slices: what is staged is true, or somebody is told."""
    ends, silent = mutated(tmp_path / "mutations", 72)
    assert silent == []
    assert ends.total() == 72
    assert ends["said"] >= 20
    assert bound(len(silent), ends.total()) < 0.05
