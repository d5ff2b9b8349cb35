"""Which nodes are one person: hard links, weighed pairs, groups, and where a group is cut."""
