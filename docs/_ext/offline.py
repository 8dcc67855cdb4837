"""A page is complete by itself: one that would load something from elsewhere fails the build."""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["'](?:https?:)?//[^"']+|<link\b[^>]*\bhref=["'](?:https?:)?//[^"']+"""
)
"""What a browser fetches without being asked; links that a reader may follow are not among it."""

logger = logging.getLogger(__name__)


def check(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for page in sorted(Path(app.outdir).rglob("*.html")):
            for found in LOADED.findall(page.read_text("utf-8")):
                logger.warning("%s loads from elsewhere: %s", page.relative_to(app.outdir), found)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
