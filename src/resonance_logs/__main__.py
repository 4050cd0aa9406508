"""``python -m resonance_logs``: the command line."""

from resonance_logs.cli import main

main()
