"""The command line. What it needs beyond NumPy comes with the extras `pyloss[cli]` and `pyloss[demo]`."""

from ._extras import needs


def main() -> None:
    """Run the command `pyloss`."""
    with needs("cli"):
        from .app import app
    app(prog_name="pyloss")
