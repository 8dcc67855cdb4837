"""`python -m pyloss` is the command `pyloss`."""

from .cli import main

if __name__ == "__main__":
    main()
