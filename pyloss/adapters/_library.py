"""The libraries that adapters stand on."""

import importlib
from typing import Any


def require(name: str, extra: str) -> Any:
    """A library's module; where there is none, an ImportError that names what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        raise ImportError(f"this needs {library}; in a clone of pyloss: pip install '.[{extra}]'", name=name) from error
