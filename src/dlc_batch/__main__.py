"""`dlc-batch`, and `python -m dlc_batch`: Ctrl-C at its start and end is no traceback either."""

import signal
import sys


def main() -> None:
    """Run the command line."""
    try:
        from dlc_batch.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)  # as dlc_batch.cli has it
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left is Python's own end


if __name__ == "__main__":
    main()
