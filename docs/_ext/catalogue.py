"""Directives that go over the registry of losses: what is in it is in the documentation."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from docutils import nodes
from families_formulas import family_of
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import pyloss

FAMILIES = (
    "regression",
    "robust",
    "counts",
    "distributions",
    "binary",
    "focal",
    "multiclass",
    "softmax",
    "margins",
    "divergences",
    "similarity",
    "ranking",
    "contrastive",
    "segmentation",
    "lovasz",
)
"""The modules of pyloss.losses, in the order in which pages list them."""

IN_COMMON = """The methods of a loss, and the parameters `reduction`, `on_empty` and `check`, which all losses have, are described with
{py:class}`pyloss.Loss`."""


def families() -> dict[str, list[type[pyloss.Loss]]]:
    """The losses of each family; an error if there is another, or one of these has none."""
    found: dict[str, list[type[pyloss.Loss]]] = {}
    for loss in pyloss.LOSSES.values():
        found.setdefault(family_of(loss), []).append(loss)
    if sorted(found) != sorted(FAMILIES):
        raise ExtensionError(f"FAMILIES of docs/_ext/catalogue.py must be {', '.join(found)}")
    return {family: found[family] for family in FAMILIES}


def tree(pages: Iterable[str]) -> str:
    """A toctree that is not seen."""
    return "\n".join(["```{toctree}", ":hidden:", "", *pages, "```"])


def _rst(*directives: str) -> str:
    return "\n".join(["```{eval-rst}", *directives, "```"])


class LossAPI(SphinxDirective):
    """The classes and functions of a family: `{loss-api} robust`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        losses = families()[self.arguments[0]]
        return self.parse_text_to_nodes("\n".join([IN_COMMON, "", *map(self._described, losses)]))

    @staticmethod
    def _described(loss: type[pyloss.Loss]) -> str:
        return _rst(f".. autoclass:: pyloss.{loss.__name__}", "", f".. autofunction:: pyloss.{loss.name}")


class LossTable(SphinxDirective):
    """Every loss: its class, its function and its character; and the pages of the families in the folder `losses`."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self._lines()))

    @staticmethod
    def _lines() -> Iterator[str]:
        for family, losses in families().items():
            yield f"**[](losses/{family}.md)**, with [formulas and pictures](../losses/{family}.md)\n"
            yield from ("| class | function | |", "|---|---|---|")
            for loss in losses:
                summary = loss.summary().replace("|", r"\|")
                yield f"| {{py:class}}`~pyloss.{loss.__name__}` | {{py:func}}`~pyloss.{loss.name}` | {summary} |"
            yield ""
        yield tree(f"losses/{family}" for family in families())


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("loss-api", LossAPI)
    app.add_directive("loss-table", LossTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
