"""Every rate of the demo's life and noise model, in one table.

What belongs here: numbers somebody may want to turn. What does not: names (`tables`), products
(`catalogue`) and the SQL that uses the numbers. Each field becomes an SQL macro of its own name.

Rates a year are from 2023-07-01 on; shares of people hold at the end of `HORIZON`, about one
seventh of them join after the default last day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

HISTORY_START = date(2023, 7, 1)
HORIZON = date(2026, 12, 31)


@dataclass(frozen=True)
class Rates:
    """Shares (0..1) unless a unit is in the name; the defaults follow published noise models."""

    # who is where
    in_shop: float = 0.63
    in_crm: float = 0.52
    in_newsletter_of_shoppers: float = 0.82
    in_newsletter_of_others: float = 0.50
    in_service: float = 0.14
    in_leads: float = 0.07
    on_web: float = 0.75
    works_b2b: float = 0.10
    # life
    starts_household: float = 0.45
    flatmates: float = 0.12
    shares_surname: float = 0.55
    moves_a_year: float = 0.10
    renames_a_year: float = 0.007
    namesake: float = 0.002
    namesake_same_birth: float = 0.25
    junior: float = 0.03
    twin: float = 0.05
    second_email: float = 0.18
    family_email: float = 0.04
    family_phone: float = 0.03
    family_device: float = 0.10
    erasure_a_year: float = 0.003
    registers_again: float = 0.15
    # shop
    guest: float = 0.25
    guest_registers: float = 0.5
    one_time_buyer: float = 0.43
    discounted: float = 0.12
    cancelled: float = 0.02
    refunded: float = 0.09
    # permissions
    opt_in: float = 0.55
    opt_out_a_year: float = 0.08
    ads_asked: float = 0.90
    ads_opt_in: float = 0.75
    double_opt_in: float = 0.70
    hard_bounce: float = 0.02
    conflicting_consent: float = 0.03
    analytics_denied: float = 0.18
    # what a source sees
    crm_duplicate: float = 0.08
    crm_merged: float = 0.30
    shop_duplicate: float = 0.05
    phone_missing: float = 0.35
    crm_birth_missing: float = 0.60
    typo: float = 0.01
    nickname: float = 0.01
    blank: float = 0.01
    placeholder: float = 0.003
    copied_from_family: float = 0.01
    accents_lost: float = 0.20
    mojibake: float = 0.005
    month_day_swapped: float = 0.01
    email_variant: float = 0.02
    typo_domain: float = 0.008
    email_upper_case: float = 0.04
    duplicate_row: float = 0.005
    # web
    web_history_days: int = 30
    sessions_a_month: int = 2
    logged_in: float = 0.45
