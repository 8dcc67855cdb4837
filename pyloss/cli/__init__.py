"""The command line. What it needs beyond NumPy comes with the extras `pyloss[cli]` and `pyloss[demo]`."""

import os
import sys

from ._extras import needs


def main() -> None:
    """Run the command `pyloss`."""
    with needs("cli"):
        from .app import app
    try:
        try:
            app(prog_name="pyloss")
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None:  # of a file that is none of the output's
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)  # for what Python still has to write when it ends
        os.dup2(nowhere, sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            print(f"pyloss: the output cannot be written: {error.strerror}", file=sys.stderr)
        raise SystemExit(1 if isinstance(error, BrokenPipeError) else 2) from None
