"""The entry of a loss on the page of its family, from the registry: its character, formulas, parameters and picture."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import families_formulas
import families_pictures
import families_slices
import families_words
from catalogue import IN_COMMON, families, tree
from docutils import nodes
from families_formulas import Form, equations, family_of, formulas
from families_words import Words, words
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import pyloss
from pyloss import Loss

logger = logging.getLogger(__name__)

LABEL = "loss-"
SHORT = 120
"""So many characters of TeX go into a line of text."""


class LossEntry(SphinxDirective):
    """A section about one loss: `{loss} Huber`; before the first of a page, where to find what all have in common."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        loss: Any = getattr(pyloss, self.arguments[0], None)
        if loss not in pyloss.LOSSES.values():
            raise self.error(f"there is no loss {self.arguments[0]}")
        for module in (families_formulas, families_pictures, families_slices, families_words):
            self.env.note_dependency(str(module.__file__))
        self.env.note_dependency(str(families_formulas.FOLDER / f"{family_of(loss)}.toml"))
        is_first = not any(name.startswith(LABEL) for name in self.state.document.ids)
        section = nodes.section(ids=[nodes.make_id(label(loss))], names=[label(loss)])
        section += nodes.title(text=loss.__name__)
        self.state.document.note_explicit_target(section)
        section += self.parse_text_to_nodes("\n".join(self._markdown(loss)))
        return [*self.parse_text_to_nodes(IN_COMMON), section] if is_first else [section]

    def _markdown(self, loss: type[Loss]) -> Iterator[str]:
        told, forms = words(loss), formulas()[loss.name]
        yield f"{told.summary}\n"
        for k, form in enumerate(forms):
            if len(forms) > 1:
                yield f"With {_settings(form.given)}:\n"
            yield from _equations(form, loss)
            yield from self._picture(loss, form, k)
        yield from chain.from_iterable((note, "") for note in told.notes)
        yield from _parameters(told)
        yield f"Reference: {told.reference}\n"
        yield f"API: {{py:class}}`pyloss.{loss.__name__}`"

    def _picture(self, loss: type[Loss], form: Form, k: int) -> Iterator[str]:
        shown = families_slices.scene(loss, form)
        path = Path(self.env.doctreedir, "pictures", f"{loss.name}-{k}.png")
        path.parent.mkdir(exist_ok=True)
        families_pictures.draw(shown, form).savefig(path, dpi=families_pictures.DPI)
        relative = Path(os.path.relpath(path, self.env.doc2path(self.env.docname).parent)).as_posix()
        yield f"```{{image}} {relative}\n:alt: {loss.__name__}, value, gradient and Hessian\n:width: 100%\n```\n"
        if shown.caption:
            yield f"*{shown.caption}*\n"


def label(loss: type[Loss]) -> str:
    """What leads to the section of a loss."""
    return f"{LABEL}{loss.name}"


def _settings(given: dict[str, Any]) -> str:
    return ", ".join(f"`{name}={value!r}`" for name, value in given.items())


def _equations(form: Form, loss: type[Loss]) -> Iterator[str]:
    yield from _aligned([f"{left} &= {right}" for left, right in equations(form, loss)])
    symbols = [*_predictions(form, loss), *form.where, *form.such_that]
    if len(", ".join(symbols)) > SHORT or any("cases" in symbol for symbol in symbols):
        yield "where\n"
        yield from _aligned([symbol.replace(" = ", " &= ", 1) for symbol in symbols])
    elif symbols:
        yield f"where {', '.join(f'{{math}}`{symbol}`' for symbol in symbols)}.\n"
    if left_out := [f"`{name}`" for name in form.left_out if not name.endswith("axis")]:
        yield f"These are for the defaults of {', '.join(left_out)}.\n"
    yield from (f"{note}\n" for note in form.notes)


def _predictions(form: Form, loss: type[Loss]) -> Iterator[str]:
    """Which symbol stands for which of several predictions."""
    names = loss.predictions if len(loss.predictions) == len(form.by) else ()
    for symbol, name in zip(form.by, names, strict=False):
        yield rf"{symbol} = \texttt{{{name}}}"


def _aligned(lines: list[str]) -> Iterator[str]:
    equations = " \\\\[0.5ex]\n".join(lines)
    yield f"```{{math}}\n\\begin{{aligned}}\n{equations}\n\\end{{aligned}}\n```\n"


def _parameters(told: Words) -> Iterator[str]:
    if told.parameters:
        yield "| parameter | may be | default |\n|---|---|---|"
        yield from (f"| `{name}` | {rule} | `{default}` |" for name, rule, default in told.parameters)
        yield ""


class LossFamilies(SphinxDirective):
    """All families with their losses, and the pages of this folder about them: `{loss-families}`."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        rows = [f"| [](./{family}.md) | {', '.join(map(_link, losses))} |" for family, losses in families().items()]
        table = ["| family | losses |", "|---|---|", *rows, ""]
        return self.parse_text_to_nodes("\n".join([*table, tree(families())]))


def _link(loss: type[Loss]) -> str:
    return f"[`{loss.__name__}`](#{label(loss)})"


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Every loss of the registry is on the page of its family."""
    labels = env.get_domain("std").data["labels"]
    for loss in pyloss.LOSSES.values():
        page = f"losses/{family_of(loss)}"
        if labels.get(label(loss), ("",))[0] != page:
            logger.warning("%s has no entry on the page %s", loss.__name__, page)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("loss", LossEntry)
    app.add_directive("loss-families", LossFamilies)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
