"""`python -m training`: `train` and `evaluate`, as in `copydesk`."""

from inference.console import main

main()
