"""`python -m pier` is the CLI."""

from pier.cli.main import main

main()
