"""Directives that go over the registry of losses: what is in it is in the documentation."""

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import pyloss


def families() -> dict[str, list[type[pyloss.Loss]]]:
    """The losses of each module of pyloss.losses."""
    found = defaultdict(list)
    for loss in pyloss.LOSSES.values():
        found[loss.__module__.rpartition(".")[2]].append(loss)
    return dict(sorted(found.items()))


def _rst(*directives: str) -> str:
    return "\n".join(["```{eval-rst}", *directives, "```"])


class LossAPI(SphinxDirective):
    """The classes and functions of a family: `{loss-api} robust`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        losses = families()[self.arguments[0]]
        return self.parse_text_to_nodes("\n".join(map(self._described, losses)))

    @staticmethod
    def _described(loss: type[pyloss.Loss]) -> str:
        return _rst(f".. autoclass:: pyloss.{loss.__name__}", "", f".. autofunction:: pyloss.{loss.name}")


class LossTable(SphinxDirective):
    """Every loss: its class, its function and its character."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self._lines()))

    @staticmethod
    def _lines() -> Iterator[str]:
        for family, losses in families().items():
            yield f"**{family}**: [classes and functions](losses/{family}.md), [formulas and pictures](../losses/{family}.md)\n"
            yield from ("| class | function | |", "|---|---|---|")
            for loss in losses:
                yield f"| {{py:class}}`~pyloss.{loss.__name__}` | {{py:func}}`~pyloss.{loss.name}` | {loss.summary()} |"
            yield ""


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("loss-api", LossAPI)
    app.add_directive("loss-table", LossTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
