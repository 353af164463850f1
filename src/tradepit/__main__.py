"""`python -m tradepit` is `tradepit`."""

from tradepit.cli import main

main()
