"""`python -m inference`: the inference commands."""

from inference.console import main

main()
