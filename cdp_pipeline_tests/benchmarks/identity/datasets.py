"""The public data sets with known answers: where each lies, and what its columns are called.

What belongs here: one entry a set. What does not: any setting of the product; the only thing said to
it about a set is which column is which. Nothing of the sets is stored here; CDP_REFERENCE_DATA names
the folder that holds `identity/<set>`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class DataSet:
    """A set of records whose true persons are known.

    `records` and `truth` are SQL over `{folder}`; truth gives record, person. `file` is read as it is
    when the set is one file; otherwise `records` is written to a CSV first. `mapping` is what
    `cdp resolve --map` would be told beyond the headers that it knows by itself. `script` gives the
    columns of plain_splink.py as SQL over `records`.
    """

    name: str
    title: str
    records: str
    truth: str
    id_column: str
    country: str
    script: Mapping[str, str]
    mapping: Mapping[str, str] = field(default_factory=dict)
    file: str = ""


_FEBRL = "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, date_of_birth, soc_sec_id"
_FEBRL_NAMES = ", ".join(f"'{name}'" for name in _FEBRL.split(", "))
_FEBRL_SCRIPT = {
    "unique_id": "trim(rec_id)",
    "first_name": "given_name",
    "last_name": "surname",
    "dob": "try_strptime(trim(date_of_birth), '%Y%m%d')::date",
    "street": "concat_ws(' ', nullif(trim(street_number), ''), nullif(trim(address_1), ''))",
    "postcode": "postcode",
    "city": "suburb",
    "id_number": "soc_sec_id",
}
_FEBRL_MAPPING = {"soc_sec_id": "attributes.soc_sec_id", "address_2": "attributes.address_2"}


def _febrl(number: int) -> DataSet:
    file = f"febrl_1_2_3/dataset{number}.csv"
    records = f"read_csv('{{folder}}/{file}', header = true, names = [{_FEBRL_NAMES}], all_varchar = true)"
    return DataSet(
        f"febrl{number}", f"FEBRL {number}", records,
        f"select trim(rec_id) as record, split_part(trim(rec_id), '-', 2) as person from {records}",
        "rec_id", "AU", _FEBRL_SCRIPT, _FEBRL_MAPPING, file,
    )  # fmt: skip


def _dsgen(letter: str) -> DataSet:
    records = f"read_csv('{{folder}}/febrl_dsgen_dedup/dataset_{letter}_10000.csv.gz', all_varchar = true)"
    return DataSet(
        f"dsgen{letter}", f"FEBRL dsgen {letter}", records,
        f"select rec_id as record, rec_id[:-2] as person from {records}",
        "rec_id", "AU", _FEBRL_SCRIPT | {"phone": "phone_number"}, _FEBRL_MAPPING,
    )  # fmt: skip


_SENZING = ", ".join(
    f"'{{folder}}/senzing_truthset_demo/{name}.csv'" for name in ("customers", "reference", "watchlist")
)
_LAST = "regexp_extract(PRIMARY_NAME_FULL, '(\\S+)$', 1)"

DATA_SETS: tuple[DataSet, ...] = (
    DataSet(
        "historical_50k",
        "historical_50k",
        "read_parquet('{folder}/splink_historical_50k/historical_figures_with_errors_50k.parquet')",
        "select unique_id as record, cluster as person "
        "from read_parquet('{folder}/splink_historical_50k/historical_figures_with_errors_50k.parquet')",
        "unique_id",
        "GB",
        {
            "unique_id": "unique_id",
            "first_name": "first_name",
            "last_name": "surname",
            "dob": "try_cast(dob as date)",
            "postcode": "postcode_fake",
            "city": "birth_place",
            "occupation": "occupation",
        },
        {"occupation": "attributes.occupation"},
        "splink_historical_50k/historical_figures_with_errors_50k.parquet",
    ),
    DataSet(
        "fake_1000",
        "fake_1000",
        "read_csv('{folder}/splink_fake_1000/fake_1000.csv', all_varchar = true)",
        "select unique_id as record, cluster as person "
        "from read_csv('{folder}/splink_fake_1000/fake_1000.csv', all_varchar = true)",
        "unique_id",
        "GB",
        {
            "unique_id": "unique_id",
            "first_name": "first_name",
            "last_name": "surname",
            "dob": "try_cast(dob as date)",
            "email": "email",
            "city": "city",
        },
        {},
        "splink_fake_1000/fake_1000.csv",
    ),
    _febrl(1),
    _febrl(2),
    _febrl(3),
    _dsgen("A"),
    _dsgen("C"),
    DataSet(
        "senzing",
        "Senzing truth set",
        f"(select DATA_SOURCE || ' ' || RECORD_ID as RID, * from read_csv([{_SENZING}], all_varchar = true, "
        "union_by_name = true))",
        "select DATA_SOURCE || ' ' || RECORD_ID as record, CLUSTER_ID as person "
        "from read_csv('{folder}/senzing_truthset_demo/actual_truthset_key.csv', all_varchar = true)",
        "RID",
        "US",
        {
            "unique_id": "RID",
            "first_name": "coalesce(PRIMARY_NAME_FIRST, split_part(PRIMARY_NAME_FULL, ' ', 1))",
            "last_name": f"coalesce(PRIMARY_NAME_LAST, {_LAST}, PRIMARY_NAME_ORG)",
            "dob": "coalesce(try_strptime(DATE_OF_BIRTH, '%m/%d/%Y'), try_strptime(DATE_OF_BIRTH, '%m/%d/%y'), "
            "try_strptime(DATE_OF_BIRTH, '%d/%m/%Y'), try_strptime(DATE_OF_BIRTH, '%d/%m/%y'), "
            "try_cast(DATE_OF_BIRTH as timestamp))::date",
            "email": "EMAIL_ADDRESS",
            "phone": "PHONE_NUMBER",
            "street": "coalesce(ADDR_LINE1, ADDR_FULL)",
            "postcode": "coalesce(ADDR_POSTAL_CODE, regexp_extract(ADDR_FULL, '(\\d{5})', 1))",
            "city": "ADDR_CITY",
            "id_number": "coalesce(SSN_NUMBER, PASSPORT_NUMBER, DRIVERS_LICENSE_NUMBER, NATIONAL_ID_NUMBER)",
        },
    ),
    DataSet(
        "rldata500",
        "RLdata500",
        "(select (row_number() over ())::varchar as id, * "
        "from read_csv('{folder}/rldata500/RLdata500.tsv', all_varchar = true, delim = '\\t', nullstr = 'NA'))",
        'select (row_number() over ())::varchar as record, "identity.RLdata500" as person '
        "from read_csv('{folder}/rldata500/identity.RLdata500.tsv', all_varchar = true, header = true, delim = '\\t')",
        "id",
        "DE",
        {
            "unique_id": "id",
            "first_name": "fname_c1",
            "last_name": "lname_c1",
            "dob": "try_cast(concat_ws('-', \"by\", bm, bd) as date)",
        },
    ),
)


def reference_folder() -> Path:
    """`identity` in the folder that CDP_REFERENCE_DATA names; SystemExit with words when there is none."""
    folder = Path(os.environ.get("CDP_REFERENCE_DATA", "")) / "identity"
    if not os.environ.get("CDP_REFERENCE_DATA") or not folder.is_dir():
        raise SystemExit(
            "CDP_REFERENCE_DATA must name a folder with the public data sets in identity/<set>; "
            "without it measure only cost and incremental runs: --parts cost incremental"
        )
    return folder


def prepare(data: DataSet, reference: Path, folder: Path) -> tuple[Path, str]:
    """(file for `cdp resolve`, SQL of the same records); writes truth.parquet (record, person) to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    records = data.records.format(folder=reference)
    with duckdb.connect() as con:
        con.execute(f"copy ({data.truth.format(folder=reference)}) to '{folder / 'truth.parquet'}' (format parquet)")
        if data.file:
            return reference / data.file, records
        file = folder / "records.csv"
        con.execute(f"copy (from {records}) to '{file}' (format csv, header)")
    return file, records
