"""Docstrings are plain text, for a terminal; here they become what docutils reads, without a change of a word."""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from pyloss._public import NAMES

MARKUP = re.compile(r"`(?P<name>[^`]+)`|\bdocs/(?P<page>[\w/-]+)\.md|(?P<special>[\\*|]|_(?!\w))")
REFERENCE = re.compile(r"^Reference: (.*(?:\n\S.*)*)", re.MULTILINE)
INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n)(?: {4}.*\n|\n)*)")
SECTION = re.compile(r"^\w[\w ]*\n-+$", re.MULTILINE)
BEFORE_NUMPYDOC = 400
"""Which takes docstrings apart at the usual priority of 500."""


def _marked(match: re.Match[str]) -> str:
    """A name in backticks is a link, if it is a public one of pyloss, or code; so is a page; what else docutils would see is escaped."""
    if match["page"]:
        return f":doc:`/{match['page']}`"
    if match["special"]:
        return f"\\{match['special']}"
    name = match["name"].removeprefix("pyloss.")
    return f":py:obj:`~pyloss.{name}`" if name in NAMES else f"``{match['name']}``"


def _escaped(text: str) -> str:
    return MARKUP.sub(_marked, text)


def _typeset(text: str) -> str:
    """The part before the sections: a block that is indented is code."""
    parts = INDENTED.split(text + "\n")
    return "".join(f"::\n\n{part}\n" if k % 2 else _escaped(part) for k, part in enumerate(parts))


def typeset(docstring: str) -> str:
    section = SECTION.search(docstring)
    start = section.start() if section else len(docstring)
    body, sections = docstring[:start], docstring[start:]
    references = REFERENCE.findall(body)
    text = _typeset(REFERENCE.sub("", body)) + "\n" + _escaped(sections)
    # An initial in front, "A. Author", would be the first of a list.
    return text + "".join(f"\n\nReferences\n----------\n\\{_escaped(reference)}\n" for reference in references)


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = typeset("\n".join(lines)).splitlines()


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("autodoc-process-docstring", process, priority=BEFORE_NUMPYDOC)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
