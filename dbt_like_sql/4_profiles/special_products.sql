-- Products that give away something about the body, the bed, the belief or the politics of whoever buys them. What a
-- person bought of them feeds no favourite, no score and no segment. A word too many costs nothing: add your own.
-- grain: source, sku
-- owner: privacy officer
with words as (
    select unnest([
        {'tells_of': 'health', 'pattern': 'health|gezond|gesund|sant[eé]\b|salud|medic|medisch|mediz|pharma|apothe|drogis|farmacia|diabet|insulin|pregnan|fertil|zwanger|schwanger|enceinte|embaraz|incontinen|hearing aid|hoortoestel|wheelchair|rolstoel|rollstuhl|allerg|slimming|afslank|depress|vitamin'},
        {'tells_of': 'sex life', 'pattern': 'erot|\bsex|seksu|condom|kondom|lingerie|lgbt|\bgay\b|lesbi|queer'},
        {'tells_of': 'belief', 'pattern': 'relig|bible|bijbel|bibel|biblia|qur|koran|torah|judaica|islam|christian|halal|kosher|koosjer|hijab|church|kerk|kirche'},
        {'tells_of': 'politics', 'pattern': 'politi|trade union|vakbond|gewerkschaft|syndicat|sindicat'}
    ], recursive := true)
)

select
    p.source, -- System of the catalogue
    p.sku, -- Stock keeping unit
    min(w.tells_of) as tells_of -- What it tells of its buyer: health, sex life, belief or politics
from staging.products as p
join words as w on regexp_matches(lower(concat_ws(' ', p.category, p.product_name)), w.pattern)
group by p.source, p.sku
