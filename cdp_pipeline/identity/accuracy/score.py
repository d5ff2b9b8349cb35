"""How right an assignment is, against a truth table.

What belongs here: precision, recall and F1 over persons (pairwise and B-cubed) and over compared
pairs. What does not: any use of truth while resolving, and samples of truth (estimate.py).
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection


def accuracy(con: DuckDBPyConnection, found: str, truth: str) -> dict[str, float]:
    """Compare relation `found` (record, person) with `truth` (record, person), both keyed by record.

    Only records in both count. Pairwise: over unordered pairs of records in one person. B-cubed:
    Bagga and Baldwin (1998), the mean over records of overlap / size. All values 6 digits.
    """
    con.execute(f"""create or replace temp table scored_cells as
        select f.person as found, t.person as truth, count(*) as n
        from {found} f join {truth} t on t.record = f.record group by all""")
    row = con.execute("""
    with f as (select found, sum(n)::bigint as size from scored_cells group by 1),
         t as (select truth, sum(n)::bigint as size from scored_cells group by 1),
         cells as (select c.n, f.size as f_size, t.size as t_size
                  from scored_cells c join f using (found) join t using (truth))
    select (select sum(n * (n - 1) // 2) from scored_cells)::double,
           (select sum(size * (size - 1) // 2) from f)::double,
           (select sum(size * (size - 1) // 2) from t)::double,
           sum((n * n / f_size)::decimal(18, 9))::double / sum(n),
           sum((n * n / t_size)::decimal(18, 9))::double / sum(n),
           sum(n)::bigint
    from cells""").fetchall()[0]
    together, found_pairs, true_pairs = (value or 0.0 for value in row[:3])
    precision = together / found_pairs if found_pairs else 1.0
    recall = together / true_pairs if true_pairs else 1.0
    return {
        "records": float(row[5] or 0),
        "true_pairs": true_pairs,
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        "f1": round(_harmonic(precision, recall), 6),
        "b3_precision": round(row[3] or 1.0, 6),
        "b3_recall": round(row[4] or 1.0, 6),
        "b3_f1": round(_harmonic(row[3] or 1.0, row[4] or 1.0), 6),
    }


def pair_accuracy(con: DuckDBPyConnection, labelled: str, pairs: str) -> dict[str, float]:
    """Compare what was decided on compared pairs with `labelled` (record, node_key, person).

    `pairs`: node_key_l, node_key_r, is_kept. A pair of nodes counts as often as it has pairs of
    labelled records. pair_precision, pair_recall, pair_f1: over the pairs that were compared.
    compared: of all true pairs the share that were compared, or are equal (one node). 6 digits.
    """
    row = con.execute(f"""
    with nodes as (select node_key, person, count(*) as n from {labelled} group by all),
         both_sides as (
             select p.is_kept, a.person = b.person as is_same, sum(a.n * b.n)::double as n
             from {pairs} p join nodes a on a.node_key = p.node_key_l join nodes b on b.node_key = p.node_key_r
             group by all),
         truth as (select person, sum(n)::bigint as n from nodes group by 1)
    select coalesce(sum(n) filter (is_kept and is_same), 0), coalesce(sum(n) filter (is_kept), 0),
           coalesce(sum(n) filter (is_same), 0), (select sum(n * (n - 1) // 2) from nodes)::double,
           (select sum(n * (n - 1) // 2) from truth)::double
    from both_sides""").fetchall()[0]
    kept_same, kept, same, in_one_node, true_pairs = (value or 0.0 for value in row)
    precision = kept_same / kept if kept else 1.0
    recall = kept_same / same if same else 1.0
    return {
        "pair_precision": round(precision, 6),
        "pair_recall": round(recall, 6),
        "pair_f1": round(_harmonic(precision, recall), 6),
        "compared": round((same + in_one_node) / true_pairs if true_pairs else 1.0, 6),
    }


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
