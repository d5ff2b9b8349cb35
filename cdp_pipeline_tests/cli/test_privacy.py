"""The words of `cdp forget` on the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cdp_pipeline.cli.privacy import forget
from cdp_pipeline.privacy.certificate import BY_NAME_ONLY
from cdp_pipeline.privacy.keys import FILE
from cdp_pipeline_tests.models.runner import SQL
from cdp_pipeline_tests.privacy.town import KEY, PERSONS, town


def test_what_can_be_expected_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who would not be recognised again, and who had been erased before, is told so with the way to the certificate."""
    bos = town(tmp_path)
    (bos.data / FILE).write_bytes(KEY)

    def said(subject: str) -> str:
        return CliRunner().invoke(forget, [subject, "--data", str(bos.data), "--project", str(SQL)]).output

    monkeypatch.setitem(PERSONS, ("hubspot", "63"), "Peve")
    bos.deliver(lambda text: text.replace("53,Cor,Dam,cor@mail.example,+31687654321", "63,Eve,Ree,,0687654"))
    bos.night()
    bos.publish()
    assert BY_NAME_ONLY in said("hubspot:63")
    assert BY_NAME_ONLY not in said("ann@mail.example")
    bos.night()
    bos.publish()
    again = said("ann@mail.example").splitlines()
    request = again[0].split()[1].rstrip(",")
    assert again[1:] == [f"erased before; the certificate: privacy/certificates/{request}.json"]
    assert (bos.data / "privacy" / "certificates" / f"{request}.json").exists()
