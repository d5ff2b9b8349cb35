-- How right the people of this run are, as far as labels tell.
-- grain: labels, measure, part
-- owner: data team
-- check: low is null or low <= high
select
    a.labels, -- file: known persons of data/labels.csv. sample: verdicts on random pairs
    a.measure, -- precision, recall, f1 and further ones; see identity.accuracy
    a.part, -- all, or a stratum of identity.label_sample
    a.value, -- The share, 0 to 1; empty when it cannot be told yet
    a.low, -- With 95 % confidence at least this
    a.high, -- With 95 % confidence at most this
    a.judged, -- Labelled records, or judged pairs
    a.of, -- Records, or pairs, it is said about
    a.note -- What has to be known to read it
from identity.accuracy as a
join config.run as run on a.as_of = run.as_of
