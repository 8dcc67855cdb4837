"""The optional packages: a missing one ends the command with one line that names the extra to install."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

EXTRAS = {"cli": ("typer", "rich"), "demo": ("typer", "rich", "sklearn", "matplotlib")}


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Around imports of the packages of an extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS[extra]:
            raise
        print(f"pyloss: this command needs {package}; in a clone of pyloss: pip install '.[{extra}]'", file=sys.stderr)
        raise SystemExit(2) from None
