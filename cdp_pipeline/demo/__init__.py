"""Demo exports: one fictional European population in the file formats of six vendors, with its truth.

What belongs here: the generator. What does not: anything the pipeline itself runs; nothing
outside this package imports it but the command line and tests.

Python (`exports`, `writing`) opens the engine and writes files; the `.sql` files beside it say
what is in them, in this order: `random` (draws), `population` (people), `noise` (what a source
sees of a person), then one file a system, then `truth`.
"""
