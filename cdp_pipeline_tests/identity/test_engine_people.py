"""Who is joined by the engine and who stays apart: households, guests, shared addresses, accounts, links."""

from __future__ import annotations

from cdp_pipeline_tests.identity import people as invented
from cdp_pipeline_tests.identity.people import PERSON


def test_household_twins_stay_apart():
    """Same birth date, address, e-mail and phone, other first name: two persons."""
    twin = {**PERSON, "birth_date": "1990-05-05"}
    con = invented.con_with(
        [
            {**twin, "record_id": "1"},
            {**twin, "record_id": "2", "source": "shop"},
            {**twin, "record_id": "3", "first_name": "Sofie"},
            {**twin, "record_id": "4", "first_name": "Sofie", "source": "shop", "phone": None},
        ]
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"1", "2"}), frozenset({"3", "4"})}


def test_parent_and_child_of_one_name_stay_apart():
    """Equal names at one address with birth dates a generation apart are two persons."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1", "birth_date": "1950-03-02"},
            {**PERSON, "record_id": "2", "birth_date": "1981-07-19"},
        ]
    )
    invented.resolve(con)
    assert len(invented.groups(con)) == 2


def test_guest_known_by_email_only_joins_its_owner():
    """A record with only an e-mail joins the one named person who uses it."""
    con = invented.con_with([{**PERSON, "record_id": "1"}, {"record_id": "2", "email": "ANNA.B+shop@mail.example"}])
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"1", "2"})}


def test_guest_on_a_family_address_joins_nobody():
    """An e-mail of two differently named persons does not tell whose guest it is."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1"},
            {**PERSON, "record_id": "2", "first_name": "Koen", "phone": "0687654321"},
            {"record_id": "3", "email": "anna.b@mail.example"},
        ]
    )
    invented.resolve(con)
    assert frozenset({"3"}) in invented.groups(con)


def test_email_rule_can_be_switched_off():
    """Without the rule a bare e-mail is not enough to join a named record."""
    off = invented.MATCHING.model_copy(
        update={"email_rule": invented.MATCHING.email_rule.model_copy(update={"use": False})}
    )
    rows = [{**PERSON, "record_id": "1"}, {"record_id": "2", "email": "anna.b@mail.example"}]
    con = invented.con_with(rows)
    invented.resolve(con, matching=off)
    assert not con.sql("from pairs where provenance = 'email_rule'").fetchall()


def test_someone_elses_email_does_not_take_over():
    """A record with its own name and a victim's e-mail is not joined to the victim."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1"},
            {
                "record_id": "2",
                "first_name": "Rob",
                "last_name": "Vos",
                "email": "anna.b@mail.example",
                "country": "NL",
            },
        ]
    )
    invented.resolve(con)
    assert len(invented.groups(con)) == 2


def test_over_shared_email_identifies_nobody():
    """An address on many records with many last names is listed, hashed, and joins nobody."""
    rows, _ = invented.crowd(30)
    shared = [{**row, "email": "info@shop.example", "phone": None, "record_id": f"x{n}"} for n, row in enumerate(rows)]
    con = invented.con_with(shared[::2])
    invented.resolve(con)
    listed = con.sql("select kind, records, value_hash from blocked_identifiers").fetchall()
    assert [row[:2] for row in listed] == [("email", 30)]
    assert "info" not in listed[0][2]
    assert max(len(group) for group in invented.groups(con)) <= 2


def test_one_account_is_one_person_whatever_the_names():
    """Logins and customer ids of one issuer bind records that nothing else joins."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "77", "login_id": "77", "source": "shop"},
            {"record_id": "z1", "source": "desk", "full_name": "Quinten Vos"},
            {"record_id": "z2", "source": "app", "login_id": "shop:77", "full_name": "Q"},
        ],
        identifiers=[("desk", "z1", "customer_id", "shop:77")],
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"77", "z1", "z2"})}


def test_equal_numbers_of_two_systems_are_two_accounts():
    """A plain number belongs to the system of its row, also as an identifier or a record id."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "a17", "source": "prestashop", "login_id": "17"},
            {"record_id": "b17", "source": "woocommerce", "login_id": "17", "full_name": "Koen Smit"},
            {"record_id": "17", "source": "shop", "full_name": "Roos Vos"},
            {"record_id": "z1", "source": "desk", "full_name": "Daan Prins"},
            {"record_id": "z2", "source": "desk", "full_name": "Elsa Bos"},
        ],
        identifiers=[("desk", "z1", "customer_id", "17"), ("desk", "z2", "customer_id", "elsewhere:17")],
    )
    invented.resolve(con)
    assert len(invented.groups(con)) == 5


def test_a_customer_id_names_a_record_of_its_issuer():
    """Where nobody logs in, the id is the record id of the issuer, and of no other system."""
    con = invented.con_with(
        [
            {"record_id": "17", "source": "shop", "full_name": "Roos Vos"},
            {"record_id": "x17", "source": "store", "login_id": "17", "full_name": "Koen Smit"},
            {"record_id": "z1", "source": "desk", "full_name": "R."},
        ],
        identifiers=[("desk", "z1", "customer_id", " shop:17 ")],
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"17", "z1"}), frozenset({"x17"})}


def test_an_account_whose_records_contradict_is_listed_and_not_followed():
    """Another birth date and another name on one account are two people; the pair is shown."""
    con = invented.con_with(
        [
            {**PERSON, "record_id": "1", "source": "shop", "login_id": "17", "birth_date": "1951-02-03"},
            {
                "record_id": "2",
                "source": "app",
                "login_id": "shop:17",
                "full_name": "Koen Smit",
                "birth_date": "1989-11-28",
            },
        ]
    )
    invented.resolve(con)
    assert len(invented.groups(con)) == 2
    assert con.sql("select provenance, is_kept, veto from pairs").fetchall() == [("login", False, "account")]


def test_trusted_links_join():
    """A merge in the CRM's own history is kept."""
    con = invented.con_with(
        [{**PERSON, "record_id": "1"}, {"record_id": "2", "full_name": "Koen Smit", "email": "k@mail.example"}],
        links=[("crm", "1", "crm", "2", "merge"), ("crm", "1", "crm", "unknown", "merge")],
    )
    invented.resolve(con)
    assert invented.groups(con) == {frozenset({"1", "2"})}
    assert con.sql("select confidence from person_records").fetchall() == [(1.0,), (1.0,)]
