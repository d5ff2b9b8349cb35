"""What the engine makes of one invented record."""

from __future__ import annotations

from cdp_pipeline.identity.normalise.normalise import Inputs, normalise
from cdp_pipeline_tests.identity import people as invented


def keys(country_of_the_project: str = "NL", **columns: str) -> dict[str, object]:
    """The row of `records` made of one record with these people columns."""
    con = invented.con_with([{"record_id": "1", **columns}])
    normalise(con, Inputs(), invented.MATCHING, country_of_the_project, invented.KEY)
    cursor = con.execute("select * from records")
    return dict(zip([d[0] for d in cursor.description], cursor.fetchall()[0], strict=True))
