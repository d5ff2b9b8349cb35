"""How right an assignment is, against a truth table.

What belongs here: pairwise and B-cubed precision, recall and F1. What does not: any use of truth
while resolving.
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
           sum((n * n / f_size)::decimal(18, 9))::double / sum(n), sum((n * n / t_size)::decimal(18,
               9))::double / sum(n),
           sum(n)::bigint, count(distinct f_size)
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


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
