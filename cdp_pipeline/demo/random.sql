-- Draws: every random value is a function of (seed, id, purpose), never of an order of calls.
-- `seed()` is created by the engine that runs these files. Ids of more
-- than 32 bits are folded.

-- 32 bits that name a purpose; a constant once the statement is planned
create macro salt(purpose) as ('0x' || substr(md5(seed() || '|' || purpose), 1, 8))::ubigint;

-- two multiply and shift rounds of an integer hash on 32 bits, inside 64-bit arithmetic
create macro mix_a(x) as (xor(x, x >> 16) * 2146121005) & 4294967295;
create macro mix_b(x) as (xor(x, x >> 15) * 2221713035) & 4294967295;

-- a whole number in 0 .. 2^32 - 1; its high bits are the good ones, and only those are used below
create macro draw(id, purpose) as
    mix_b(mix_a(((xor(id, id >> 32) & 4294967295)::ubigint * 2654435769 + salt(purpose)) & 4294967295));
-- a number in [0, 1)
create macro u(id, purpose) as draw(id, purpose)::double / 4294967296.0::double;
-- a whole number in 0 .. n - 1
create macro below(id, purpose, n) as ((draw(id, purpose) * n::ubigint) >> 32)::bigint;
-- true in a share `rate` of all ids
create macro chance(id, purpose, rate) as u(id, purpose) < rate;
-- one element of a list
create macro pick(id, purpose, items) as items[1 + below(id, purpose, len(items))];
-- a number that names n without showing it: one to one below the modulus when the factor is coprime to it
create macro scramble(n, factor, modulus) as ((n::ubigint * factor::ubigint) % modulus::ubigint)::bigint;
