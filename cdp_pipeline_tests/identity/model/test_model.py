"""The match model: shipped weights, the first guess of the prior, and what training makes of them."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from cdp_pipeline.identity import engine
from cdp_pipeline.identity.candidates import blocking
from cdp_pipeline.identity.model import comparisons, model
from cdp_pipeline.identity.normalise.normalise import Inputs
from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.people import MATCHING

TERMS = pa.table(
    {"column_name": pa.array([], pa.string()), "value": pa.array([], pa.string()), "tf": pa.array([], pa.float64())}
)
BARE = model.Model("stamp", ("phone",), {}, 0.01, 0.01, TERMS, 100, False, 0)


def nodes(people: int) -> tuple[duckdb.DuckDBPyConnection, frozenset[str]]:
    """Table nodes of a crowd, two records a person; and the columns that hold something."""
    con = invented.con_with(invented.crowd(people)[0])
    engine.prepare(con, Inputs(), MATCHING, invented.KEY, "NL")
    con.execute("""create temp table nodes as
        select node_key as record_key, * exclude (record_key, source, record_id, updated_at, node_key)
        from records qualify row_number() over (partition by node_key order by record_key) = 1""")
    return con, blocking.present_columns(con, (), 300)


def test_the_shift_is_what_another_prior_adds() -> None:
    """Log odds of the prior that holds, less those of the prior the weights were computed with."""
    assert model.shift(BARE) == 0
    assert model.shift(replace(BARE, base=0.2, prior=0.5)) == 2.0
    assert model.shift(replace(BARE, base=0.5, prior=0.2)) == -2.0


def test_only_what_the_data_hold_is_compared() -> None:
    """A comparison needs one of its columns; further evidence comes last; the order is that of the settings."""
    few = MATCHING.model_copy(update={"compare": ("phone", "address", "email")})
    names = [c.name for c in model.chosen(few, frozenset({"phone_key", "city_key", "extra_club"}), ("club", "badge"))]
    assert names == ["phone", "address", "club"]
    stamp = model.stamp(few, frozenset({"phone_key", "email_key"}), ())
    assert stamp.endswith("-phone-email")
    assert stamp != model.stamp(
        MATCHING.model_copy(update={"sure_rules_find": 0.5}), frozenset({"phone_key", "email_key"}), ()
    )


def test_few_records_keep_the_shipped_weights() -> None:
    """They are scaled to sum to one, kept away from 0 and 1, and nothing is said to be trained."""
    con, present = nodes(5)
    shipped = model.train(con, MATCHING, present, ())
    assert (shipped.is_trained, shipped.sessions, shipped.base) == (False, 0, shipped.prior)
    assert shipped.compared == ("name", "email", "phone", "birth_date", "address")
    for name, weights in shipped.levels.items():
        levels = comparisons.ALL[name].levels
        m, u = sum(level.m for level in levels), sum(level.u for level in levels)
        assert weights == tuple(
            (pytest.approx(max(level.m / m, 1e-3)), pytest.approx(min(max(level.u / u, 1e-9), 1 - 1e-4)))
            for level in levels
        )
    assert "sure_group" not in {row[0] for row in con.execute("describe nodes").fetchall()}


def test_the_first_prior_goes_by_the_surest_rule() -> None:
    """Pairs by the rule that finds most, over its share, over all pairs; at least one in fifty records has one."""
    con = duckdb.connect()
    con.execute("""create table nodes as select
        case when n < 6 then 'anna vos' else 'x' || n end as name_full, case when n < 3 then '1980' end as birth_date,
        case when n < 4 then '3511AB' end as postcode_key from range(10) as r(n)""")
    present = frozenset({"name_full", "birth_date", "postcode_key"})
    guess = MATCHING.model_copy(update={"sure_rules_find": 0.5})
    assert model._first_prior(con, guess, present) == pytest.approx((6 / 0.5) / 45)
    assert model._first_prior(con, guess, present - {"postcode_key"}) == pytest.approx((3 / 0.5) / 45)
    assert model._first_prior(con, guess, frozenset()) == pytest.approx((0.02 * 10 / 0.5) / 45)
    con.execute("delete from nodes where birth_date is null")
    assert model._first_prior(con, guess, present) == 0.3


def test_training_moves_weights_towards_the_data() -> None:
    """In a crowd where phones mostly agree and e-mails never do by chance, the trained shares say so."""
    con, present = nodes(160)
    small = MATCHING.model_copy(update={"training": MATCHING.training.model_copy(update={"smallest": 2})})
    trained = model.train(con, small, present, ())
    shipped = model.train(
        con,
        MATCHING.model_copy(update={"training": MATCHING.training.model_copy(update={"smallest": 10**6})}),
        present,
        (),
    )
    assert trained.is_trained
    assert trained.sessions == 3  # names, e-mails and phones; birth dates are on one record of two
    assert trained.records == shipped.records == con.execute("select count(*) from nodes").fetchall()[0][0]
    assert trained.levels["phone"][0][0] > 0.9 > shipped.levels["phone"][0][0]
    assert all(
        1e-3 <= m <= 1 - 1e-4 and 1e-9 <= u <= 1 - 1e-4 for weights in trained.levels.values() for m, u in weights
    )
    first_names = dict(
        zip([level.label for level in comparisons.ALL["name"].levels], trained.levels["name"], strict=True)
    )
    assert first_names["same first name, other last name"][1] > 0.02  # twenty first names: one pair in twenty or so


def test_a_level_never_met_keeps_its_shipped_m() -> None:
    """What no session showed is not taught: the share of true pairs stays as shipped."""
    con, present = nodes(160)
    small = MATCHING.model_copy(update={"training": MATCHING.training.model_copy(update={"smallest": 2})})
    trained = model.train(con, small, present, ())
    labels = [level.label for level in comparisons.ALL["name"].levels]
    at = labels.index("first and last name swapped")
    total = sum(level.m for level in comparisons.ALL["name"].levels)
    assert trained.levels["name"][at][0] == pytest.approx(comparisons.ALL["name"].levels[at].m / total)


def test_fitted_settings_have_the_vetoes_that_the_data_bear_out() -> None:
    """The model decides which vetoes of matching.yml hold."""
    assert replace(BARE, vetoes=("birth_date",)).fitted(MATCHING).veto == ("birth_date",)


def test_pairs_of_a_block_are_counted_where_it_is_filled() -> None:
    """Three of one value and two of another are four pairs; empty cells are none."""
    con = duckdb.connect()
    con.execute("create table nodes as select unnest(['a', 'a', 'a', 'b', 'b', null, null]) as city, 1 as one")
    assert model._pairs_in(con, ("city",)) == 4
    assert model._pairs_in(con, ("city", "one")) == 4


def test_odds_of_a_term_are_looked_up_by_splink_too() -> None:
    """The linker holds the weights, the prior and the frequency of every term, unknown terms as the rarest."""
    con, present = nodes(20)
    small = MATCHING.model_copy(update={"training": MATCHING.training.model_copy(update={"smallest": 2})})
    trained = model.train(con, small, present, ())
    first = con.execute("select email_key from nodes where email_key is not null order by 1 limit 1").fetchall()[0][0]
    con.register("every", trained.terms)
    con.execute(
        "create table known as select * from every where not (column_name = 'email_key' and value = $1)", [first]
    )
    trained = replace(trained, terms=con.sql("from known").to_arrow_table())
    linker = model.splink_linker(con, trained, model.chosen(MATCHING, present, ()))
    saved = linker.misc.save_model_to_json()
    assert saved["probability_two_random_records_match"] == trained.base
    least = con.execute("select min(tf) from known where column_name = 'email_key'").fetchall()[0][0]
    assert con.execute("select tf_email_key from terms_email_key where email_key = $1", [first]).fetchall() == [
        (least,)
    ]
