"""What Mailchimp, HubSpot and Klaviyo say of a refusal comes out of its line, however the line is damaged.

What belongs here: refusals in odd words, without a date, without an address, and lines whose cells are bad. What
does not: what these sources make of whole lines (test_contacts.py). Each test stages all its people at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from cdp_pipeline_tests.sources_yaml.exports import staged

CONFIRMED = {"OPTIN_TIME": "2025-01-01 10:00:00", "CONFIRM_TIME": "2025-01-02 10:00:00"}
LEFT = {"UNSUB_TIME": "2026-03-01 10:00:00", "LAST_CHANGED": "2026-03-02 10:00:00"}
CONSENT = "Freely given consent from contact"
OPT_OUT, BASIS = "Unsubscribed from all email", "Legal basis for processing contact's data"


def changes(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Record → status and day of every change that is staged, in the order of the days; every line must be used."""
    found = defaultdict(list)
    with staged(name, rows) as made:
        assert made.unused == []
        for record, status, day in made.rows("staging.permissions", "record_id, status, changed_at::date::varchar"):
            found[record].append((status, day))
    return {record: sorted(said, key=lambda change: change[1]) for record, said in found.items()}


def on(day: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as a file of that day of May delivers it."""
    return {**row, "_file": f"{day:02}.csv", "_delivered_at": f"2026-05-{day:02}"}


# ---- Mailchimp: the file is the state --------------------------------------------------------------


def test_who_left_is_known_in_any_spelling() -> None:
    """The withdrawal has the key of the plain address."""
    spelled = ["Ann <ann@mail.example>", "'ann@mail.example';", "ann\uff20mail.example", "ANN@MAIL.EXAMPLE."]
    with staged("mailchimp_unsubscribed", [{"Email Address": address, **LEFT} for address in spelled]) as made:
        assert set(made.rows("staging.permissions", "status, value_keys::varchar")) == {
            ("withdrawn", "[ann@mail.example]")
        }


@pytest.mark.parametrize(
    ("name", "status"), [("mailchimp_unsubscribed", "withdrawn"), ("mailchimp_cleaned", "bounced")]
)
def test_who_left_without_a_moment_left_on_delivery(name: str, status: str) -> None:
    """Without any date the person has left all the same; the message, which needs its moment, is set aside."""
    with staged(name, [{"Email Address": "ann@mail.example"}]) as made:
        assert made.rows("staging.permissions", "status, changed_at::date::varchar") == [(status, "2026-05-01")]
        assert [(line, outcome) for line, outcome, _ in made.kept_out("messages")] == [(2, "quarantined")]
        assert made.unused == []


def test_who_left_did_so_after_agreeing() -> None:
    """A moment that is damaged, or before that of the opt-in, gives the opt-in no last word."""
    moments = ["2026-03-99", "n/a", "01.03.2026 10:00", "2020-01-01 10:00:00"]
    rows = [{"Email Address": f"{n}@mail.example", **CONFIRMED, **LEFT, "UNSUB_TIME": m} for n, m in enumerate(moments)]
    found = changes("mailchimp_unsubscribed", rows)
    assert len(found) == len(moments)
    for said in found.values():
        days = dict(said)
        assert days["withdrawn"] >= days["granted"] == "2025-01-02"


def test_a_refusal_without_an_address_is_not_lost() -> None:
    """Nobody is named, so it cannot be applied, and stands in quarantine; an empty line says nothing."""
    with staged(
        "mailchimp_unsubscribed", [{"Email Address": " ", "FNAME": "Ann", **LEFT}, {"Email Address": ""}]
    ) as made:
        ((line, outcome, reasons),) = made.kept_out("permissions")
        assert (line, outcome, "refusal_not_applied" in reasons) == (2, "quarantined", True)
        assert [(line, outcome) for line, outcome, _ in made.kept_out("people")] == [(2, "quarantined")]


def test_a_subscription_without_a_moment_grants_nothing() -> None:
    """A grant needs a date; a zero date beside an opt-in is none, and no confirmation."""
    rows = [
        {"Email Address": "ann@mail.example"},
        {"Email Address": "bo@mail.example", "CONFIRM_TIME": "0000-00-00", "OPTIN_TIME": "2025-01-01 10:00:00"},
    ]
    with staged("mailchimp_subscribed", rows) as made:
        assert made.rows("staging.permissions", "status") == [("denied",), ("denied",)]
        assert made.rows("staging.people", "is_email_verified") == [(None,), (None,)]


def test_a_synced_status_that_nobody_knows_is_a_refusal() -> None:
    """An unknown word and none deny from their delivery on, and are listed; who never subscribed is dropped by name."""
    dates = {"timestamp_opt": "2025-01-01 10:00:00", "last_changed": "2026-01-01 10:00:00"}
    statuses = ["subscribed", "UNSUBSCRIBED ", "archived", "subscr", "", "transactional"]
    rows = [{"id": f"m{n}", "email_address": f"{n}@mail.example", "status": s, **dates} for n, s in enumerate(statuses)]
    with staged("mailchimp_api_members", rows) as made:
        found = defaultdict(set)
        for line, status in made.rows("staging.permissions", "_line, status"):
            found[line].add(status)
        assert found == {
            2: {"granted"},
            3: {"granted", "withdrawn"},
            4: {"granted", "withdrawn"},
            5: {"denied"},
            6: {"denied"},
        }
        kept_out = [(line, outcome) for line, outcome, _ in made.kept_out("permissions")]
        assert kept_out == [(5, "mended"), (6, "mended"), (7, "dropped")]


def test_a_synced_unsubscription_withdraws_by_its_member() -> None:
    """It names a member only; of a damaged id, or none, nobody knows whom it stops, and it is set aside."""
    ids = ["0d2b523f483348be737d428ea774b231", "#N/A", ""]
    rows = [{"campaign_id": "c1", "member_id": i, "timestamp": "2026-02-01 10:00:00", "reason": "SPAM"} for i in ids]
    with staged("mailchimp_api_unsubscribes", rows) as made:
        kept_out = [(line, outcome, reasons) for line, outcome, reasons in made.kept_out("permissions")]
        assert kept_out[0] == (2, "dropped", "nothing_to_stop")  # its member was not delivered
        assert [
            (line, "refusal_not_applied" in reasons) for line, _, reasons in kept_out[1:] if _ == "quarantined"
        ] == [(3, True), (4, True)]
        assert set(made.rows("staging.messages", "event_type")) == {("complained",)}


# ---- HubSpot ---------------------------------------------------------------------------------------


def test_an_ads_refusal_stops_in_any_word_with_any_date() -> None:
    """Whatever is not a yes refuses, newer than the yes; only an answer and a date that are both empty say nothing."""
    answers = ["No", "Nein", "FALSE", "withdrawn", "0", "afgemeld", "who knows", ""]
    asked = list(product(answers, ["2026-02-01 10:00", "", "01.02.2026"]))
    answer, date = "Personalised ads consent", "Personalised ads consent date"
    people = [{"Record ID": f"c{n}", "Email": f"{n}@mail.example"} for n in range(len(asked))]
    rows = [on(1, person | {answer: "Yes", date: "2026-01-05 10:00"}) for person in people]
    rows += [on(2, person | {answer: a, date: d}) for person, (a, d) in zip(people, asked, strict=True)]
    found = changes("hubspot_contacts", rows)
    for person, (a, d) in zip(people, asked, strict=True):
        granted, *later = found[person["Record ID"]]
        assert granted == ("granted", "2026-01-05")
        assert [status != "granted" for status, _ in later] == [True] * bool(a or d), (a, d)


def test_an_opt_out_is_whatever_is_not_plainly_a_no() -> None:
    """Blank and no are none, in any language; a word that nobody knows is one."""
    words = {"": False, "nein": False, "FALSE": False, "true": True, "WAHR": True, "#N/A": True, "perhaps": True}
    rows = [{"Record ID": f"c{n}", "Email": f"{n}@mail.example", OPT_OUT: word} for n, word in enumerate(words)]
    found = changes("hubspot_contacts", rows)
    assert found == {f"c{n}": [("withdrawn", "2026-05-01")] for n, is_out in enumerate(words.values()) if is_out}


def test_a_legal_basis_grants_while_it_plainly_says_so() -> None:
    """A consent that is emptied or becomes something else is none from that delivery on."""
    bases = [
        f"Legitimate interest \u2013 other; {CONSENT}",
        "",
        "Not applicable",
        f"No {CONSENT}",
        f"{CONSENT} withdrawn",
    ]
    people = [{"Record ID": f"c{n}", "Email": f"{n}@mail.example"} for n in range(len(bases))]
    rows = [on(1, person | {BASIS: CONSENT}) for person in people]
    rows += [on(2, person | {BASIS: basis}) for person, basis in zip(people, bases, strict=True)]
    found = changes("hubspot_contacts", rows)
    granted = [("granted", "2026-05-01")]
    assert found == {f"c{n}": granted + [("denied", "2026-05-02")] * (n > 0) for n in range(len(bases))}


@pytest.mark.parametrize(("name", "columns"), [
    ("hubspot_contacts", ("Record ID", "Email", OPT_OUT, BASIS)),
    ("hubspot_api_contacts", ("id", "property_email", "property_hs_email_optout", "property_hs_legal_basis")),
])  # fmt: skip
def test_an_emptied_opt_out_is_no_consent(name: str, columns: tuple[str, ...]) -> None:
    """An opt-out cell that said something before and is blank now does not bring the legal basis forward."""
    cells = [("c1", "ann@mail.example", said, CONSENT) for said in ("no", "")]
    rows = [on(day, dict(zip(columns, row, strict=True))) for day, row in enumerate(cells, 1)]
    if name == "hubspot_api_contacts":
        rows = [row | {"property_lastmodifieddate": row["_delivered_at"]} for row in rows]
    assert changes(name, rows) == {"c1": [("granted", "2026-05-01"), ("denied", "2026-05-02")]}


def test_an_api_opt_out_without_a_moment_counts_from_its_delivery() -> None:
    """It is not taken for as old as the contact."""
    row = {"id": "c7", "property_email": "ann@mail.example", "property_createdate": "2024-01-01 10:00:00"}
    found = changes("hubspot_api_contacts", [row | {"property_hs_email_optout": "ja"}])
    assert found == {"c7": [("withdrawn", "2026-05-01")]}


def test_an_email_event_of_unknown_type_refuses() -> None:
    """A complaint whose type is damaged, or a status change of which nobody knows what it was, denies."""
    types = ["OPEN", "SPAMREPORT", "SPAMREPRT", "", "STATUSCHANGE", "STATUSCHANGE"]
    event = {"created": "2026-02-01 10:00:00"}
    rows = [{"id": f"e{n}", "type": kind, "recipient": f"{n}@mail.example", **event} for n, kind in enumerate(types)]
    rows.append({"id": "e5", "portal_subscription_status": "SUBSCRIBED"})
    with staged("hubspot_api_email_events", rows) as made:
        assert sorted(made.rows("staging.permissions", "_line, status")) == [
            (3, "complaint"), (4, "denied"), (5, "denied"), (6, "denied"),
        ]  # fmt: skip
        assert {line for line, _, _ in made.kept_out("permissions")} == {4, 5, 6}
        assert made.unused == []


def test_a_contact_without_its_id_is_set_aside() -> None:
    """A person with a name and no Record ID stands in quarantine; its further addresses do too."""
    row = {"Record ID": "", "First Name": "Ann", "Additional email addresses": "a@mail.example"}
    with staged("hubspot_contacts", [row]) as made:
        assert [outcome for _, outcome, _ in made.kept_out("people")] == ["quarantined"]
        assert [outcome for _, outcome, _ in made.kept_out("identifiers")] == ["quarantined"]
        assert made.unused == []


# ---- Klaviyo ---------------------------------------------------------------------------------------


def test_a_klaviyo_state_that_is_no_grant_refuses() -> None:
    """After a subscription every other state denies, an emptied cell too."""
    words = ["UNSUBSCRIBED", "Abgemeldet", "FALSE", "nee", "suppressed", "subscribd", ""]
    people = [{"Klaviyo ID": f"K{n}", "Email": f"{n}@mail.example"} for n in range(len(words))]
    rows = [on(1, person | {"Email Marketing Consent": "SUBSCRIBED"}) for person in people]
    rows += [on(2, person | {"Email Marketing Consent": word}) for person, word in zip(people, words, strict=True)]
    found = changes("klaviyo_profiles", rows)
    assert {tuple(status == "granted" for status, _ in said) for said in found.values()} == {(True, False)}


def test_a_klaviyo_list_of_channels_grants_what_it_names() -> None:
    """Only where the export has no state of its own, and only a channel that stands there by itself."""
    rows = [
        {"id": "K1", "custom_consent": '["email", "SMS"]'},
        {"id": "K2", "custom_consent": '["no email"]'},
        {"id": "K3", "custom_consent": '["email"]', "Email Marketing Consent": ""},
    ]
    rows = [row | {"Email": f"{row['id']}@mail.example", "phone_number": "+31612345678"} for row in rows]
    assert {record: len(said) for record, said in changes("klaviyo_profiles", rows).items()} == {"K1": 2}
