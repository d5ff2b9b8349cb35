"""The tables of the identity layer: what each holds, column by column.

What belongs here: names, grain and documentation. What does not: what fills them (steps.py).
"""

from __future__ import annotations

PREVIOUS = {
    "previous.identity.person_records": "source varchar, record_id varchar, person_id varchar, confidence double",
    "previous.identity.persons": "person_id varchar, records bigint, weakest_weight double, since date",
    "previous.identity.changes": "as_of date, change varchar, person_id varchar, other_person_id varchar, "
    "records bigint, cause varchar, weakest_weight double, weakest_evidence varchar",
    "previous.identity.redirects": "person_id varchar, to_person_id varchar, since date",
    "previous.identity.records": "record_key bigint, node_key bigint, source varchar",
}
BEFORE = {  # what a pass starts from
    "previous.identity.clusters": "node_key bigint, cluster bigint, neighbourhood bigint",
    "previous.identity.pairs": "node_key_l bigint, node_key_r bigint, match_weight double, model_weight double, "
    "provenance varchar, veto varchar, is_kept boolean, is_inner boolean, reason varchar",
    "previous.identity.records": "record_key bigint, node_key bigint, source varchar",
    "previous.identity.passes": "as_of date, kind varchar, why varchar, records bigint, nodes bigint, "
    "new_nodes bigint, pairs_scored bigint, pairs bigint, model_version varchar, basis varchar, full_as_of date, "
    "f1_against_incremental double",
}
