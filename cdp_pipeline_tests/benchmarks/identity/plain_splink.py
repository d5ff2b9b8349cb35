"""The yardstick for accuracy and cost: a deduplication after Splink's own tutorial and examples.

What belongs here: what an engineer writes who has read Splink's documentation: clean the columns,
compare what is there with the comparisons of the library, block on a dozen rules, train by EM, predict,
cluster at 0.95. What does not: anything of `cdp_pipeline`, and anything learned by measuring
(guards, collapsing copies, reading shared addresses as junk).

    python plain_splink.py ASKED.json       {"records": SQL, "columns": {name: SQL}, "out": file}

`columns` are unique_id and any of: first_name, last_name, dob (a date), email, phone, street, postcode,
city, occupation, id_number (a state's number of the person). Written: record, person. Printed at the end: JSON of
what was counted.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

CLEANED = {
    "phone": "nullif(right(regexp_replace({0}, '[^0-9]', '', 'g'), 9), '')",
    "postcode": "nullif(upper(regexp_replace({0}, '[^0-9A-Za-z]', '', 'g')), '')",
    "dob": "{0}",
    "unique_id": "{0}",
}
TEXT = "nullif(lower(trim({0})), '')"
COMPARISONS = {
    "first_name": cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
    "last_name": cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
    "dob": cl.DateOfBirthComparison("dob", input_is_string=False),
    "email": cl.EmailComparison("email"),
    "phone": cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
    "street": cl.JaroWinklerAtThresholds("street", [0.9, 0.8]),
    "postcode": cl.LevenshteinAtThresholds("postcode", 1).configure(term_frequency_adjustments=True),
    "city": cl.ExactMatch("city").configure(term_frequency_adjustments=True),
    "occupation": cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
    "id_number": cl.DamerauLevenshteinAtThresholds("id_number", [1, 2]),
}
BLOCKS = (
    ("email",),
    ("phone",),
    ("id_number",),
    ("first_name", "last_name"),
    ("last_name", "dob"),
    ("first_name", "dob"),
    ("postcode", "dob"),
    ("last_name", "postcode"),
    ("first_name", "postcode"),
)
SURE = (("email",), ("id_number",), ("first_name", "last_name", "dob"), ("first_name", "last_name", "postcode"))
SURE_OF_FEW = (("first_name", "dob"), ("last_name", "dob"))  # when there is nothing but names and birth dates
SESSIONS = (("first_name", "last_name"), ("email",), ("dob",))  # the first two that there are


def link(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> dict[str, Any]:
    """Table `people` (unique_id and `columns`) -> table `person_records` (record, person); counts."""
    blocks: list[Any] = [block_on(*keys) for keys in BLOCKS if set(keys) <= set(columns)]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[COMPARISONS[name] for name in COMPARISONS if name in columns],
        blocking_rules_to_generate_predictions=blocks,
    )
    linker = Linker(
        DuckDBAPI(connection=con).register("people", dataset_display_name="people"), settings, log_level=logging.ERROR
    )
    sure: list[Any] = [block_on(*keys) for keys in SURE if set(keys) <= set(columns)]
    if len(sure) == 1:
        sure = [block_on(*keys) for keys in SURE_OF_FEW]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    trained = 0
    for keys in [keys for keys in SESSIONS if set(keys) <= set(columns)][:2]:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*keys))
            trained += 1
        except Exception as error:  # noqa: BLE001  one session less: the others, or the defaults, stand
            print(f"training on {keys} failed: {type(error).__name__}", file=sys.stderr)
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.95)
    con.execute(
        "create table person_records as select unique_id as record, cluster_id::varchar as person "
        f"from {clusters.physical_name}"
    )
    ((kept,),) = con.execute(f"select count(*) from {pairs.physical_name}").fetchall()
    return {"pairs_above_half": kept, "sessions": trained}


def cleaned(records: str, columns: Mapping[str, str]) -> str:
    """SQL of the records with cleaned columns."""
    shown = ", ".join(f"{CLEANED.get(name, TEXT).format(f'({sql})')} as {name}" for name, sql in columns.items())
    return f"select {shown} from {records}"


def main(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Read, clean, link, write."""
    con = duckdb.connect()
    con.execute(f"create table people as {cleaned(asked['records'], asked['columns'])}")
    counted = link(con, list(asked["columns"]))
    con.execute(f"copy person_records to '{asked['out']}' (format parquet, compression zstd)")
    return counted


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
