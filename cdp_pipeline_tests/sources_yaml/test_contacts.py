"""What the CRM, newsletter, service and advertising sources make of their rows."""

from __future__ import annotations

from typing import Any

import pytest

from cdp_pipeline_tests.sources_yaml.exports import mapped, staged

MEMBER = {
    "Email Address": " Ann@Example.org ",
    "OPTIN_TIME": "2025-01-01 10:00:00",
    "OPTIN_IP": "198.51.100.7",
    "LAST_CHANGED": "2025-06-01 10:00:00",
}


def test_a_contact_lists_who_was_merged_into_it() -> None:
    """Each merged id is a link of its own; an id that is the contact itself is none, and is dropped by name."""
    rows = [{"Record ID": "1", "Email": "ann@example.org", "Merged contact IDs": "2; 3;1"}]
    links = mapped("hubspot_contacts", "links", rows)
    assert [link.get("dropped") or (link["record_id"], link["other_record_id"]) for link in links] == [
        ("1", "2"),
        ("1", "3"),
        "merged_into_itself",
    ]
    assert len(mapped("hubspot_contacts", "people", rows)) == 1


def test_contact_times_come_in_three_spellings() -> None:
    """The export's own form, the American one and the ISO form are all local or exact moments."""
    spelled = ["2024-03-12 09:14", "3/12/2024 9:14 AM", "2024-03-12T08:14:00Z"]
    rows = [{"Record ID": str(n), "Email": "ann@example.org", "Create Date": text} for n, text in enumerate(spelled)]
    assert {str(p["created_at"]) for p in mapped("hubspot_contacts", "people", rows)} == {"2024-03-12 08:14:00"}


def test_a_marketing_contact_is_no_permission() -> None:
    """What HubSpot bills for is an attribute; only an opt-out or a legal basis is a change of permission."""
    rows: list[dict[str, Any]] = [
        {"Record ID": "1", "Email": "a@example.org", "Marketing contact status": "Marketing contact"},
        {"Record ID": "2", "Email": "b@example.org", "Unsubscribed from all email": "true"},
        {
            "Record ID": "3",
            "Email": "c@example.org",
            "Legal basis for processing contact's data": "Freely given consent from contact",
        },
    ]
    changes = mapped("hubspot_contacts", "permissions", rows)
    assert [(c["record_id"], c["status"]) for c in changes] == [("2", "withdrawn"), ("3", "granted")]


def test_further_addresses_and_phones_are_identifiers() -> None:
    """Additional e-mails and a mobile phone beside a phone are identifiers of the contact."""
    rows = [
        {
            "Record ID": "1",
            "Email": "a@example.org",
            "Phone Number": "1",
            "Mobile Phone Number": "2",
            "Additional email addresses": "B@example.org;c@example.org",
        }
    ]
    found = {(i["namespace"], i["value"]) for i in mapped("hubspot_contacts", "identifiers", rows)}
    assert found == {("email", "B@example.org"), ("email", "c@example.org"), ("phone", "2")}


def test_a_subscribed_member_granted_with_proof() -> None:
    """Confirmed is a double opt-in of that moment, with an IP consent by the form, else without proof."""
    confirmed = MEMBER | {"CONFIRM_TIME": "2025-01-02 10:00:00", "CONFIRM_IP": "198.51.100.8"}
    imported = {"Email Address": "b@example.org", "LAST_CHANGED": "2025-06-01 10:00:00"}
    first, second, third = mapped("mailchimp_subscribed", "permissions", [confirmed, MEMBER, imported])
    assert (first["basis"], first["changed_at"].day) == ("double_opt_in", 2)
    assert first["proof"].endswith("198.51.100.8")
    assert (second["basis"], second["proof"]) == ("consent", "mailchimp opt-in form, IP 198.51.100.7")
    assert "proof" not in third


def test_a_member_is_its_address() -> None:
    """The record is the address in lower case without blanks, the same in each of the three files."""
    for file in ("subscribed", "unsubscribed", "cleaned"):
        assert mapped(f"mailchimp_{file}", "people", [MEMBER])[0]["record_id"] == "member:ann@example.org"


def test_who_left_withdrew_and_had_agreed() -> None:
    """The unsubscribed file gives the earlier grant, the withdrawal and the message event."""
    rows = [MEMBER | {"UNSUB_TIME": "2025-06-01 10:00:00", "UNSUB_CAMPAIGN_TITLE": "May"}]
    changes = mapped("mailchimp_unsubscribed", "permissions", rows)
    assert sorted((c["status"], c["changed_at"].month) for c in changes) == [("granted", 1), ("withdrawn", 6)]
    message = mapped("mailchimp_unsubscribed", "messages", rows)[0]
    assert (message["event_type"], message["campaign"]) == ("unsubscribed", "May")


def test_a_cleaned_address_bounced() -> None:
    """The cleaned file says that the address bounced, as permission and as message."""
    rows = [MEMBER | {"CLEAN_TIME": "2025-05-01 10:00:00"}]
    assert {c["status"] for c in mapped("mailchimp_cleaned", "permissions", rows)} == {"granted", "bounced"}
    assert mapped("mailchimp_cleaned", "messages", rows)[0]["event_type"] == "bounced"


def test_a_synced_status_withdraws_for_a_hashed_or_open_address() -> None:
    """An unsubscribed member of the API had agreed and withdrew; a pending one has not agreed yet."""
    rows = [
        {
            "id": "1",
            "email_address": "a@example.org",
            "status": "unsubscribed",
            "timestamp_opt": "2025-01-01 10:00:00",
            "timestamp_signup": "2025-01-01 09:00:00",
            "last_changed": "2025-06-01 10:00:00",
        },
        {
            "id": "2",
            "email_address": "b@example.org",
            "status": "pending",
            "timestamp_signup": "2025-01-01 09:00:00",
            "last_changed": "2025-01-01 09:00:00",
        },
    ]
    changes = mapped("mailchimp_api_members", "permissions", rows)
    assert sorted((c["record_id"], c["status"]) for c in changes) == [
        ("1", "granted"),
        ("1", "withdrawn"),
        ("2", "pending"),
    ]


def test_a_status_change_is_judged_by_its_detail() -> None:
    """A status change to unsubscribed withdraws; a detail without its event is dropped, and counted."""
    event = {"id": "e1", "type": "STATUSCHANGE", "recipient": "Ann@example.org", "created": "2025-01-01 10:00:00"}
    detail = {"id": "e1", "portal_subscription_status": "UNSUBSCRIBED"}
    assert mapped("hubspot_api_email_events", "permissions", [event, detail])[0]["status"] == "withdrawn"
    subscribed = detail | {"portal_subscription_status": "SUBSCRIBED"}
    assert mapped("hubspot_api_email_events", "permissions", [event, subscribed]) == []
    assert mapped("hubspot_api_email_events", "messages", [detail]) == [{"dropped": "event_not_delivered"}]


def test_a_ticket_names_its_requester() -> None:
    """The requester is a people record with the shop's customer id; a dash is nothing."""
    rows = [
        {
            "Id": "7",
            "Requester": "Ann Doe",
            "Requester id": "70",
            "Requester external id": "77",
            "Requester email": "Ann@example.org",
            "Created at": "2026-05-01 10:00",
            "Priority": "-",
        }
    ]
    ticket = mapped("zendesk_tickets", "tickets", rows)[0]
    assert ticket["record_id"] == mapped("zendesk_tickets", "people", rows)[0]["record_id"] == "70"
    assert str(ticket["opened_at"]) == "2026-05-01 08:00:00"
    assert "priority" not in ticket
    assert mapped("zendesk_tickets", "identifiers", rows)[0]["value"] == "shopify:77"


def test_requesters_whose_account_a_spreadsheet_spoiled_stay_strangers() -> None:
    """A rounded number or an error is nobody's account, and listed; a word for nobody says nothing."""
    row = {"Created at": "2026-05-01 10:00", "Requester": "Ann Doe"}
    ids = ["7.00001E+12", "7.00001E+12", "#NV", "####", "-", "0", "'77"]
    rows = [
        {**row, "Id": f"5{n}", "Requester id": f"36120{n}", "Requester external id": text} for n, text in enumerate(ids)
    ]
    with staged("zendesk_tickets", [*rows, {**row, "Id": "60", "Requester id": "361209", "Created at": ""}]) as found:
        assert found.rows("staging.identifiers", "record_id, value") == [("361206", "shopify:77")]
        kept_out = [(line, outcome) for line, outcome, _ in found.kept_out("identifiers")]
        assert kept_out == [(line, "quarantined") for line in (2, 3, 4, 5)]
        assert found.kept_out("tickets") == [(9, "quarantined", "opened_at: missing")]
        assert len(found.rows("staging.people")) == 8
        assert found.unused == []


def test_a_synced_ticket_is_solved_by_its_history() -> None:
    """The last time the status became solved is when it was solved, as long as it still is."""
    history = [
        {"ticket_id": "7", "field_name": "status", "value": v, "updated": f"2026-05-0{d} 10:00:00"}
        for d, v in enumerate(("solved", "open", "solved", "closed"), 1)
    ]
    ticket = {"id": "7", "created_at": "2026-04-01 10:00:00", "status": "closed", "requester_id": "70"}
    solved = mapped("zendesk_api_tickets", "tickets", [ticket, *history])
    assert [str(t["solved_at"]) for t in solved] == ["2026-05-03 10:00:00"]
    assert "solved_at" not in mapped("zendesk_api_tickets", "tickets", [ticket | {"status": "open"}, *history])[0]


def test_staff_is_no_customer() -> None:
    """Agents and administrators are dropped by name."""
    rows = [{"id": "1", "name": "Ann", "role": "end-user"}, {"id": "2", "name": "Bo", "role": "agent"}]
    assert [p.get("dropped", p.get("record_id")) for p in mapped("zendesk_api_users", "people", rows)] == ["1", "staff"]


def test_leads_lose_the_prefix_and_grant_only_what_they_say() -> None:
    """Ids and phones come bare; a form that does not ask grants nothing; a test lead is dropped."""
    lead = {
        "id": "l:9",
        "created_time": "2026-05-01T17:04:53+0530",
        "email": "Ann@example.org",
        "phone_number": "p:+31612345678",
    }
    person = mapped("meta_leads", "people", [lead])[0]
    assert (person["record_id"], person["phone"]) == ("9", "+31612345678")
    assert str(person["created_at"]) == "2026-05-01 11:34:53"
    assert mapped("meta_leads", "permissions", [lead]) == []
    assert mapped("meta_leads", "permissions", [lead | {"marketing_consent": "yes"}])[0]["status"] == "granted"
    assert mapped("meta_leads", "people", [lead | {"email": "test@meta.com"}]) == [{"dropped": "test_lead"}]


@pytest.mark.parametrize(
    ("answer", "created", "status"),
    [
        ("Ja", "2026-05-01T10:00:00+02:00", "granted"),
        ("nee", "2026-05-01T10:00:00+02:00", "denied"),
        ("rather not", "2026-05-01T10:00:00+02:00", "denied"),
        ("No", "", "denied"),
        ("No", "yesterday", "denied"),
        ("yes", "", "denied"),
        ("", "2026-05-01T10:00:00+02:00", "denied"),
        (None, "2026-05-01T10:00:00+02:00", None),
    ],
)
def test_a_lead_grants_by_a_plain_yes_with_its_day(answer: str | None, created: str, status: str | None) -> None:
    """Any other answer refuses, and so does none, also without a day; where nobody asked, nothing is said."""
    row = {"id": "l:8001", "email": "ann@example.org", "marketing_consent": answer, "created_time": created}
    with staged("meta_leads", [row]) as found:
        assert found.rows("staging.permissions", "status") == ([(status,)] if status else [])
        assert found.rows("staging.people", "record_id") == [("8001",)]
        assert found.unused == []


def test_a_converted_lead_is_its_contact() -> None:
    """A lead points at the contact it became; an opted-out address and a barred phone are refusals."""
    lead = {
        "ID": "00Q1",
        "EMAIL": "Ann@example.org",
        "PHONE": "1",
        "CONVERTEDCONTACTID": "0031",
        "HASOPTEDOUTOFEMAIL": "true",
        "DONOTCALL": "true",
        "SYSTEMMODSTAMP": "2026-05-01T10:00:00.000Z",
    }
    assert mapped("salesforce_leads", "links", [lead])[0]["kind"] == "conversion"
    assert {p["status"] for p in mapped("salesforce_leads", "permissions", [lead])} == {"withdrawn", "objected"}


@pytest.mark.parametrize("source", ["salesforce_contacts", "salesforce_leads"])
def test_a_flag_that_is_blank_where_others_answer_is_a_refusal(source: str) -> None:
    """A column that nobody fills says nothing."""
    rows = [{"ID": str(n), "EMAIL": f"{n}@mail.example", "HASOPTEDOUTOFEMAIL": flag, "DONOTCALL": "", "PHONE": "0201234567"}
            for n, flag in enumerate(("false", "", "true"))]  # fmt: skip
    assert [(p["record_id"], p["status"]) for p in mapped(source, "permissions", rows)] == [
        ("1", "withdrawn"), ("2", "withdrawn"),
    ]  # fmt: skip


def test_a_person_account_is_a_person_and_a_company_a_company() -> None:
    """A company without a person is no person, whatever phone it has; a person account is one."""
    rows = [
        {"ID": "1", "NAME": "Klei BV", "PHONE": "1"},
        {"ID": "2", "NAME": "Ann Doe", "LASTNAME": "Doe", "ISPERSONACCOUNT": "true"},
        {"ID": "3", "NAME": "Post BV"},
    ]
    people = mapped("salesforce_accounts", "people", rows)
    assert [
        person.get("dropped") or (person["record_id"], person.get("company"), person["last_name"]) for person in people
    ] == ["company_without_person", ("2", None, "Doe"), "company_without_person"]


def test_klaviyo_consent_of_each_channel() -> None:
    """Each channel has a state of its own; a moment given with it is kept as proof of the method."""
    rows = [
        {
            "Klaviyo ID": "K1",
            "Email": "a@example.org",
            "Phone Number": "+31612345678",
            "Email Marketing Consent": "SUBSCRIBED",
            "SMS Marketing Consent": "UNSUBSCRIBED",
        },
        {
            "id": "K2",
            "Email": "b@example.org",
            "custom_consent": '["email"]',
            "custom_consent_timestamp": "2025-01-01 10:00:00",
            "custom_consent_method": "form",
        },
    ]
    changes = {
        (c["record_id"], c["channel"], c["status"], c.get("proof"))
        for c in mapped("klaviyo_profiles", "permissions", rows)
    }
    assert changes == {
        ("K1", "email", "granted", None),
        ("K1", "sms", "withdrawn", None),
        ("K2", "email", "granted", "klaviyo form"),
    }


def test_engage_addresses_are_found_in_a_broken_cell() -> None:
    """Identifiers are read out of a cell with curly quotes that no JSON reader accepts."""
    rows = [{"key": "k1", "external_ids": '{“anonymous_id":["d1"], "email": [“Ann@example.org”, “bo@example.org”]}'}]
    assert mapped("segment_engage_profiles", "people", rows)[0]["email"] == "ann@example.org"
    found = {(i["namespace"], i["value"]) for i in mapped("segment_engage_profiles", "identifiers", rows)}
    assert found == {("email", "bo@example.org"), ("device_id", "d1")}
