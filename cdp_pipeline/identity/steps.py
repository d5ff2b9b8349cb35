"""The steps of the identity layer: what is read and written through `Run`, and in which order.

What belongs here: the passage between files and the engine. What does not: the words on the tables
(tables.py), and how a record is compared or joined (engine.py and what it calls).
"""

from __future__ import annotations

from pathlib import Path

from cdp_pipeline.errors import ProjectError, nearest
from cdp_pipeline.identity import limits, tables
from cdp_pipeline.identity.accuracy import accuracy
from cdp_pipeline.identity.matching import Matching, load_matching, solved_by
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.yaml_file import place
from cdp_pipeline.run.lake import Run
from cdp_pipeline.run.steps import Outcome, Step, Table, code_digest, described

VERSION = "identity 3"
MODEL_FOLDER = "identity"  # model.json and term_frequencies.parquet beside the tables


def steps(project: Project) -> tuple[Step, ...]:
    """The steps of the layer; ProjectError when 3_identity is wrong."""
    problems: list[str] = []
    path = project.folder / "3_identity" / "matching.yml"
    try:
        matching = load_matching(path.parent)
    except ProjectError as error:
        problems += error.problems
        matching = Matching(blocking=(("email",),))
    systems = sorted({project.system(name) for name in project.sources})
    problems += [
        f"{place(path, 'clean_sources')}: clean_sources: no source has the system {name!r}{nearest(name, systems)}"
        for name in matching.clean_sources
        if name not in systems
    ]
    version = f"{VERSION} {matching.model_dump_json()} {project.settings.country}"
    made = (
        Step(
            (described("identity.stated_verdicts"), described("identity.requests")),
            ("raw.erased_rows",),
            _stated,
            VERSION,
            uses_exports=True,
        ),
        Step(
            (described("identity.records"), described("identity.blocked_identifiers")),
            ("staging.people", "staging.identifiers", "identity.stated_verdicts"),
            lambda run: _records(run, matching),
            version,
        ),
        Step(
            (
                described("identity.pairs"),
                described("identity.clusters"),
                described("identity.model_weights"),
                described("identity.verdicts"),
                described("identity.guards"),
                described("identity.passes"),
            ),
            (
                *("identity.records", "identity.blocked_identifiers", "staging.identifiers", "staging.links"),
                *("identity.stated_verdicts", "identity.requests", *tables.BEFORE),
            ),
            lambda run: _pairs(run, matching),
            version,
            uses_as_of=True,
        ),
        Step(
            (
                described("identity.person_records"),
                described("identity.persons"),
                described("identity.changes"),
                described("identity.redirects"),
            ),
            ("identity.records", "identity.pairs", "identity.clusters", *tables.PREVIOUS),
            lambda run: _persons(run, matching),
            version,
            uses_as_of=True,
        ),
        limits.step(matching),
        accuracy.step(),
    )
    if problems:
        raise ProjectError(problems, [table for step in made for table in step.tables])
    return made


def _stated(run: Run) -> Outcome:
    from cdp_pipeline.identity.model import saved_model
    from cdp_pipeline.ledgers import verdicts
    from cdp_pipeline.ledgers.ledger import VERDICTS

    stated = verdicts.read_verdicts(run.data / VERDICTS.file)
    with run.connect() as con:
        con.register("stated", stated)
        run.write(con, "identity.stated_verdicts", _select(described("identity.stated_verdicts"), "stated"), ["line"])
        asked = saved_model.trainings_asked(run.data)
        run.write(con, "identity.requests", f"select 'train' as request, {asked}::bigint as number", ["request"])
        return {"identity.stated_verdicts": {"verdicts": stated.num_rows}}


def _records(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity import engine
    from cdp_pipeline.identity.normalise.normalise import Inputs

    with run.connect("staging.people", "staging.identifiers", "identity.stated_verdicts") as con:
        country = run.project.settings.country
        numbers = engine.prepare(con, Inputs(links=None), matching, run.key, country, "identity.stated_verdicts")
        run.write(con, "identity.records", _select(described("identity.records"), "records"), ["record_key"])
        run.write(
            con,
            "identity.blocked_identifiers",
            _select(described("identity.blocked_identifiers"), "blocked_identifiers"),
            ["kind", "value_hash"],
        )
        return {
            "identity.records": numbers,
            "identity.blocked_identifiers": {"blocked": numbers["blocked_identifiers"]},
        }


def _pairs(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity import engine
    from cdp_pipeline.identity.model import saved_model
    from cdp_pipeline.identity.normalise.normalise import Inputs
    from cdp_pipeline.identity.passes import Known

    with run.connect(
        *("identity.records", "identity.blocked_identifiers", "identity.stated_verdicts", "identity.requests"),
        *("staging.identifiers", "staging.links", *tables.BEFORE),
        empty=tables.BEFORE,
    ) as con:
        con.execute("""create temp view records as from identity.records;
            create temp view blocked_identifiers as from identity.blocked_identifiers""")
        asked = con.execute("select number from identity.requests where request = 'train'").fetchall()[0][0]
        saved = saved_model.load(run.published / MODEL_FOLDER) if run.published else None
        before = {name.rpartition(".")[2]: name for name in tables.BEFORE}
        known = Known(run.as_of, basis(matching), asked, "identity.stated_verdicts", **before)
        used, numbers = engine.link(con, Inputs(), matching, saved, known)
        if used is not saved:
            saved_model.save(used, Path(run.folder) / MODEL_FOLDER)
        run.write(con, "identity.pairs", _select(described("identity.pairs"), "pairs"), ["node_key_l", "node_key_r"])
        run.write(con, "identity.clusters", _select(described("identity.clusters"), "clusters"), ["node_key"])
        run.write(
            con,
            "identity.model_weights",
            _select(described("identity.model_weights"), "model_weights"),
            ["comparison", "level desc"],
        )
        run.write(con, "identity.verdicts", _select(described("identity.verdicts"), "verdicts"), ["line"])
        run.write(con, "identity.guards", _select(described("identity.guards"), "guards"), ["guard"])
        run.write(con, "identity.passes", _select(described("identity.passes"), "passes"), ["as_of"])
        return {"identity.pairs": numbers, "identity.model_weights": {"model": numbers["model"]}}


def basis(matching: Matching) -> str:
    """What must be equal for a pass to go on from the last one: the code, and all that decides who is joined."""
    return f"{solved_by(matching)}-{code_digest('identity')[:16]}"


def _persons(run: Run, matching: Matching) -> Outcome:
    from cdp_pipeline.identity.ids import ids

    with run.connect(
        *("identity.records", "identity.pairs", "identity.clusters", *tables.PREVIOUS), empty=tables.PREVIOUS
    ) as con:
        for name in ("records", "pairs", "clusters"):
            con.execute(f"create temp view {name} as from identity.{name}")
        previous = ids.Previous(**{name.rpartition(".")[2]: name for name in tables.PREVIOUS})
        numbers = ids.assign(con, previous, run.key, run.as_of, matching.largest_person)
        order = ["person_id", "source", "record_id"]
        run.write(
            con, "identity.person_records", _select(described("identity.person_records"), "person_records"), order
        )
        run.write(con, "identity.persons", _select(described("identity.persons"), "persons"), ["person_id"])
        order = ["as_of", "change", "person_id", "other_person_id"]
        run.write(con, "identity.changes", _select(described("identity.changes"), "changes"), order)
        run.write(con, "identity.redirects", _select(described("identity.redirects"), "redirects"), ["person_id"])
        return {"identity.persons": numbers, "identity.person_records": {"churn_share": numbers["churn_share"]}}


def _select(table: Table, relation: str) -> str:
    return f"select {', '.join(table.columns)} from {relation}"
