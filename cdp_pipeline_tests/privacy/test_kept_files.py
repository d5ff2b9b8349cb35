"""Lines about the erased in the files that people write."""

from __future__ import annotations

import pytest

from cdp_pipeline.ledgers.ledger import CORRECTIONS, REQUESTS, VERDICTS, Cells, Ledger
from cdp_pipeline.ledgers.tombstones import hashed
from cdp_pipeline.privacy.kept_files import _place, _strings, _without_erased

DEAD = {hashed("old", "record_id", "hubspot:51")}


@pytest.mark.parametrize(
    ("ledger", "cells", "stays"),
    [
        (VERDICTS, {"record_l": "erased key", "record_r": "b"}, False),
        (VERDICTS, {"record_l": "a", "record_r": "erased key"}, False),
        (VERDICTS, {"record_l": "a", "record_r": "b"}, True),
        (CORRECTIONS, {"source": "hubspot", "record_id": "51"}, False),
        (CORRECTIONS, {"source": "hubspot", "record_id": "52"}, True),
        (CORRECTIONS, {"source": "51", "record_id": "hubspot"}, True),
        (REQUESTS, {"subject_key": "erased key"}, True),
    ],
)
def test_a_line_goes_when_it_names_an_erased_record(ledger: Ledger, cells: Cells, *, stays: bool) -> None:
    """By either record key, or by source and id under any secret; a line of the register always stays."""
    assert _without_erased(ledger, {"erased key"}, DEAD, ["new", "old"], cells) == (cells if stays else None)


def test_a_replay_is_read_for_its_place_and_texts() -> None:
    """Source, fingerprint and line, with line 0 for what is no number; texts at any depth, numbers written out."""
    replay = {"source": "shop", "fingerprint": "f", "line": 7, "cells": {"a": ["x", None, {"b": 3}]}}
    assert _place(replay) == ("shop", "f", 7)
    assert _place({"line": "7"}) == ("", "", 0)
    assert _strings(replay) == ["shop", "f", "7", "x", "3"]
