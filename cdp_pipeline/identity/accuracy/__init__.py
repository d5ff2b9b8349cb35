"""How right identity is, told by labels and by verdicts on samples, with intervals."""
