"""The second yardstick: recordlinkage with its ECM classifier, for sets that it can do in reasonable time.

What belongs here: a script after the documentation of recordlinkage. What does not: anything of
`cdp_pipeline`: this runs in whatever Python has recordlinkage (it needs an older pandas than ours).

    python record_linkage.py ASKED.json     {"records": CSV, "out": CSV}

The CSV has unique_id and any of the columns of plain_splink.py, cleaned by it.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import recordlinkage  # type: ignore[import-not-found]
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BLOCKS = (
    ("email",), ("phone",), ("id_number",), ("first_name", "last_name"), ("last_name", "dob"), ("first_name", "dob"),
    ("postcode", "dob"), ("last_name", "postcode"), ("first_name", "postcode"),
)  # fmt: skip
FIELDS = ("first_name", "last_name", "dob", "email", "id_number", "phone", "street", "postcode", "city")
FUZZY = ("first_name", "last_name", "street", "email")
MOST_FIELDS = 6


def main(asked: Mapping[str, str]) -> None:
    """Read, compare, classify, join what is connected, write record and person."""
    people = pd.read_csv(asked["records"], dtype=str).set_index("unique_id")
    filled = [field for field in FIELDS if field in people.columns and people[field].notna().mean() > 0.02]
    fields = filled[:MOST_FIELDS]
    indexer = recordlinkage.Index()
    for keys in BLOCKS:
        if set(keys) <= set(filled):
            indexer.block(list(keys))
    pairs = indexer.index(people)
    compare = recordlinkage.Compare()
    for field in fields:
        if field in FUZZY:
            compare.string(field, field, method="jarowinkler", threshold=0.88, label=field)
        else:
            compare.exact(field, field, label=field)
    features = compare.compute(pairs, people)
    links = recordlinkage.ECMClassifier().fit_predict(features)
    place = pd.Series(range(len(people)), index=people.index)
    left, right = (place.loc[links.get_level_values(side)].to_numpy() for side in (0, 1))
    graph = coo_matrix(([1] * len(left), (left, right)), shape=(len(people), len(people)))
    _, person = connected_components(graph, directed=False)
    pd.DataFrame({"record": people.index, "person": person}).to_csv(asked["out"], index=False)
    print(json.dumps({"pairs": len(pairs), "fields": fields, "version": recordlinkage.__version__}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
