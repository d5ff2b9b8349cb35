"""The files of the data folder that outlive every run, verdicts and requests among them: reading, checking, rewriting."""
