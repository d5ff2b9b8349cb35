"""The `cdp` command: options, exit codes and words on the terminal, a module for each group of commands."""
