"""What every page is made of: the template, the stylesheet, charts, figures.

What belongs here: the one kit of pages, for the report as for answers about a person. What does not: what a page says
(reports/, explain/, privacy/).
"""
