"""The pages that people read: facts from 7_reports, charts, sections, and the page of checks."""
