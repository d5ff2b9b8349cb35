"""What the sources of web behaviour make of their rows: events, consent, people who said who they are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from cdp_pipeline.sources.columns import referenced_columns
from cdp_pipeline.sources.unconsented import sieve
from cdp_pipeline_tests.sources_yaml.exports import mapped, sources, staged, words


def hit(**more: Any) -> dict[str, Any]:
    params = [
        {"key": "ga_session_id", "value": {"int_value": 17}},
        {"key": "page_location", "value": {"string_value": "https://shop.example/mugs/blue?x=1#top"}},
        {"key": "currency", "value": {"string_value": "EUR"}},
    ]
    return {
        "event_timestamp": "1777622400000000",
        "event_name": "view_item",
        "user_pseudo_id": "1026454.4271112504",
        "event_params": json.dumps(params),
        "privacy_info": '{"analytics_storage":"Yes"}',
    } | more


def test_an_event_is_read_out_of_its_parameters() -> None:
    """Session, page, item, device and the moment in microseconds are found; the device stays text."""
    row = hit(device='{"category":"mobile"}', items='[{"item_id":"A"}]', user_id="77")
    event = mapped("ga4_events", "events", [row])[0]
    assert str(event["occurred_at"]) == "2026-05-01 08:00:00"
    assert (event["device_id"], event["session_id"], event["page"], event["sku"]) == (
        "1026454.4271112504",
        "17",
        "/mugs/blue",
        "A",
    )
    assert (event["login_id"], event["device_category"]) == ("shopify:77", "mobile")
    assert "login_id" not in mapped("ga4_events", "events", [hit()])[0]


@pytest.mark.parametrize(
    ("name", "row", "is_kept"),
    [
        ("ga4_events", {"privacy_info": '{"analytics_storage":"No"}'}, False),
        ("ga4_events", {"privacy_info": '{"analytics_storage":"Yes"}'}, True),
        ("ga4_events", {"privacy_info": '{"analytics_storage":"Unset"}'}, False),
        ("ga4_events", {"privacy_info": '{"analytics_storage":0}'}, False),
        ("ga4_events", {"privacy_info": '{"analytics_storage":" nee "}'}, False),
        ("ga4_events", {"privacy_info": '{"ads_storage":"No"}'}, True),
        ("ga4_events", {"privacy_info": "{broken"}, False),
        ("ga4_events", {"privacy_info": '"No"'}, False),
        ("ga4_events", {"privacy_info": '{"analytics_st0rage":"No"}'}, False),
        ("ga4_events", {"privacy_info": ""}, False),
        ("ga4_events", {"privacy_info": "null"}, True),
        ("ga4_events", {}, True),
        ("ga4_flat_events", {"privacy_info_analytics_storage": "0"}, False),
        ("ga4_flat_events", {"privacy_info_analytics_storage": "Granted "}, True),
        ("ga4_flat_events", {"privacy_info_analytics_storage": "Denied"}, False),
        ("ga4_flat_events", {"privacy_info_analytics_storage": ""}, True),
    ],
)
def test_refused_analytics_storage_is_withheld(name: str, row: dict[str, str], is_kept: bool) -> None:
    """What is filled and no plain yes, or cannot be read, holds an event back before anything is written."""
    columns = referenced_columns(sources()[name])
    table = pa.table({column: pa.array([row.get(column)], pa.string()) for column in columns})
    with sieve(sources()[name].withhold, words()) as own:
        assert (own.keep_rows(table).num_rows, own.held) == (is_kept, not is_kept)


def test_no_flag_where_others_have_one_is_no_grant() -> None:
    """An export that tells analytics storage and leaves it blank for one event does not grant that one."""
    columns = referenced_columns(sources()["ga4_flat_events"])
    flags = ["Yes", " ", "Yes", None]
    table = pa.table({c: pa.array(flags if "analytics_storage" in c else ["x"] * 4, pa.string()) for c in columns})
    with sieve(sources()["ga4_flat_events"].withhold, words()) as own:
        assert (own.keep_rows(table).num_rows, own.held) == (3, 1)


def test_equal_events_have_keys_of_their_own() -> None:
    """Two equal events in one file are two; the same events in a second file are the same two."""
    day, again = [hit(), hit()], [hit(_file="b.jsonl", _line=2), hit(_file="b.jsonl", _line=3)]
    keys = [event["event_id"] for event in mapped("ga4_events", "events", [*day, *again])]
    assert len(set(keys)) == 2
    assert keys[:2] == keys[2:]


def test_a_purchase_has_its_order_and_value() -> None:
    """The transaction is the order number; a revenue with many decimals is rounded to four."""
    row = hit(event_name="purchase", ecommerce='{"transaction_id":"#1","purchase_revenue":12.345678}')
    event = mapped("ga4_events", "events", [row])[0]
    assert (event["order_id"], event["value_amount"], event["currency"]) == ("#1", Decimal("12.3457"), "EUR")


def test_cells_that_are_no_json_are_empty() -> None:
    """A cell that should hold JSON and does not is an empty value and listed; an event without name or moment is not used."""
    rows = [
        hit(event_params="", device="mobile", items="[", geo=""),
        hit(event_params="{cut off"),
        hit(event_name=""),
        hit(event_timestamp="soon"),
    ]
    event = mapped("ga4_events", "events", rows)[0]
    assert not {"session_id", "device_category", "sku", "country"} & set(event)
    with staged("ga4_events", rows) as found:
        assert [(line, outcome) for line, outcome, _ in found.kept_out("events")] == [
            (2, "mended"),
            (3, "mended"),
            (4, "quarantined"),
            (5, "quarantined"),
        ]
        assert found.unused == []


def test_an_account_id_that_a_spreadsheet_rounded_is_nobody() -> None:
    """It is judged without the name of its system; the event stays, and belongs to its device."""
    with staged("ga4_events", [hit(user_id="7.00001E+12"), hit(user_id="None", user_pseudo_id="2")]) as found:
        assert found.rows("staging.events", "login_id") == [(None,), (None,)]


def test_a_banner_choice_is_two_permissions_of_the_device() -> None:
    """Statistics decide on analytics and marketing on advertising; all and nothing decide on both."""

    def choose(event: str, choice: str, scopes: list[str]) -> dict[str, Any]:
        body = [{"event_type": choice, "consent_scopes": scopes, "consent_version": "2"}]
        column = "unstruct_event_com_snowplowanalytics_snowplow_consent_preferences_1_0_0"
        return {
            "event_id": event,
            "collector_tstamp": "2026-05-01 10:00:00.123",
            "domain_userid": event,
            column: json.dumps(body),
        }

    rows = [
        choose("d1", "allow_selected", ["necessary", "statistics"]),
        choose("d2", "deny_all", ["necessary"]),
        choose("d3", "allow_all", []),
    ]
    found = {(p["value"], p["purpose"], p["status"]) for p in mapped("snowplow_web_events", "permissions", rows)}
    assert found == {
        ("d1", "analytics", "granted"),
        ("d1", "advertising", "denied"),
        ("d2", "analytics", "denied"),
        ("d2", "advertising", "denied"),
        ("d3", "analytics", "granted"),
        ("d3", "advertising", "granted"),
    }


@pytest.mark.parametrize(
    "cell", ["", "{broken", '[{"event_type":"allow_most","consent_version":"2"}]', '[{"consent_scopes":["marketing"]}]']
)
def test_a_banner_choice_that_cannot_be_read_is_a_refusal(cell: str) -> None:
    """Whatever is not plainly an agreement takes back what the device agreed to before."""
    column = "unstruct_event_com_snowplowanalytics_snowplow_consent_preferences_1_0_0"
    row = {"event_name": "consent_preferences", "domain_userid": "d1"}
    rows = [
        {**row, "event_id": "1", "collector_tstamp": "2026-05-01 10:00:00", column: '[{"event_type":"allow_all"}]'},
        {**row, "event_id": "2", "collector_tstamp": "2026-05-02 10:00:00", column: cell},
    ]
    with staged("snowplow_web_events", rows) as found:
        told = found.rows("staging.permissions", "day(changed_at), status")
        assert sorted(told) == [(1, "granted"), (1, "granted"), (2, "denied"), (2, "denied")]


def test_robots_are_dropped() -> None:
    """An event that the robot list recognised is dropped by name."""
    row = {
        "event_id": "1",
        "collector_tstamp": "2026-05-01 10:00:00",
        "contexts_com_iab_snowplow_spiders_and_robots_1_0_0": '[{"spiderOrRobot":true}]',
    }
    assert mapped("snowplow_web_events", "events", [row]) == [{"dropped": "robot"}]


def test_identify_gives_a_person_and_a_device() -> None:
    """Traits become columns, the account is the login, and the anonymous id a device of it."""
    traits = {"name": "Ann Doe", "email": "Ann@example.org", "address": {"city": "Delft", "postalCode": "1234AB"}}
    row = {
        "type": "identify",
        "userId": "77",
        "anonymousId": "d1",
        "timestamp": "2026-05-01T10:00:00.000Z",
        "traits": json.dumps(traits),
    }
    person = mapped("segment_events", "people", [row])[0]
    assert (person["record_id"], person["login_id"], person["email"], person["postcode"]) == (
        "77",
        "77",
        "Ann@example.org",
        "1234AB",
    )
    assert mapped("segment_events", "identifiers", [row])[0]["value"] == "d1"


def test_nobody_identified_is_nobody() -> None:
    """An identify call without account and without traits to match on gives no person."""
    assert (
        mapped("segment_events", "people", [{"type": "identify", "anonymousId": "d1", "traits": '{"plan":"free"}'}])
        == []
    )


def test_a_completed_order_is_an_order() -> None:
    """An Order Completed track gives the order, its lines in order, and the event."""
    props = {
        "order_id": "50",
        "total": 27.5,
        "revenue": 25,
        "currency": "EUR",
        "products": [{"sku": "A", "name": "Mug", "price": 10, "quantity": 2}, {"sku": "B", "price": 5}],
    }
    row = {
        "type": "track",
        "event": "Order Completed",
        "userId": "77",
        "messageId": "m1",
        "timestamp": "2026-05-01T10:00:00.000Z",
        "properties": json.dumps(props),
    }
    order = mapped("segment_events", "orders", [row])[0]
    assert (order["order_id"], order["record_id"], order["total_amount"]) == ("50", "77", Decimal("27.5000"))
    lines = mapped("segment_events", "order_lines", [row])
    assert sorted((line["line_number"], line["sku"], line["quantity"]) for line in lines) == [
        ("1", "A", 2),
        ("2", "B", 1),
    ]
    assert [event["event_id"] for event in mapped("segment_events", "events", [row])] == ["track:m1"]


def test_calls_that_are_damaged_are_listed() -> None:
    """A type that nobody knows, products that are none and traits that cannot be read each stand in quarantine."""
    call = {"userId": "77", "timestamp": "2026-05-01T10:00:00.000Z"}
    props = {"order_id": "50", "total": 5, "currency": "EUR", "products": "a mug"}
    rows = [
        {**call, "type": "trck", "event": "Order Completed"},
        {**call, "type": "track", "event": "Order Completed", "properties": json.dumps(props)},
        {**call, "type": "identify", "traits": '{"email":"ann@example.org'},
        {**call, "type": "track", "event": "Order Completed", "properties": "{cut off"},
        {**call, "type": "group"},
    ]
    with staged("segment_events", rows) as found:
        assert [(line, outcome) for line, outcome, _ in found.kept_out("events")] == [(2, "quarantined"), (5, "mended")]
        assert found.kept_out("order_lines") == [(3, "quarantined", "quantity: missing")]
        assert found.kept_out("people") == [(4, "mended", "birth_date: not a date")]
        assert [(line, outcome) for line, outcome, _ in found.kept_out("orders")] == [(5, "quarantined")]
        assert found.rows("staging.orders", "order_id") == [("50",)]
        assert found.unused == []


def test_an_order_under_an_odd_name_is_listed() -> None:
    """Shipped is dropped beside its completed order; a name that damage made is an order in quarantine."""
    props = {"order_id": "50", "total": 5, "currency": "EUR", "products": [{"sku": "A"}]}
    call = {"type": "track", "userId": "77", "timestamp": "2026-05-01T10:00:00.000Z"}
    names = {"Order\u00ad Completed": "50", "Order Shipped": "50", "Ordr Cmpleted": "51", "Order Refunded": "52"}
    rows = [
        {**call, "event": name, "properties": json.dumps(props | {"order_id": order})} for name, order in names.items()
    ]
    with staged("segment_events", rows) as found:
        assert found.rows("staging.orders", "order_id") == [("50",)]
        assert [(line, outcome) for line, outcome, _ in found.kept_out("orders")] == [
            (3, "dropped"),
            (4, "quarantined"),
        ]
        assert len(found.rows("staging.events")) == 4


def test_flat_events_take_the_campaign_of_the_visit() -> None:
    """The source of the visit comes before the source that first brought the user."""
    row = {
        "_fivetran_id": "1",
        "timestamp": "2026-05-01 10:00:00",
        "name": "page_view",
        "param_source": "newsletter",
        "traffic_source_source": "google",
    }
    assert mapped("ga4_flat_events", "events", [row])[0]["campaign_source"] == "newsletter"
