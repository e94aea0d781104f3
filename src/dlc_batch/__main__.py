"""`python -m dlc_batch` is `dlc-batch`."""

from dlc_batch.cli import main

main()
