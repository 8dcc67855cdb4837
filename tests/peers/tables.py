"""All porting tables, and docs/porting.md, which is written from them: `python tests/peers/tables.py`."""

from pathlib import Path

from boosters_table import LIGHTGBM, XGBOOST
from entry import Entry, Peer
from keras_table import KERAS
from optax_table import OPTAX
from sklearn_table import SKLEARN
from torch_table import TORCH

PEERS = (TORCH, KERAS, OPTAX, SKLEARN, XGBOOST, LIGHTGBM)
DOCUMENT = Path(__file__).parents[2] / "docs" / "porting.md"

HEAD = """\
# Porting to pyloss

<!-- Written by tests/peers/tables.py from the tables there, which `make test-peers` runs: not to be edited. -->

For the losses of other libraries, the pyloss object that gives the same number for the same arrays, and what to know about the
difference. `y` is the truth, `p` the prediction (`q` and `r` further ones), `w` weights; an object is called with `(y, p)` unless
the table says otherwise. What a peer's loss does may depend on what the arrays hold, which is in the third column. Each row but
those of the boosters is a test of the value and, unless the row says so, of the gradient; the versions are those of the extra
`peers` in pyproject.toml.

What is the same everywhere:

- pyloss takes the truth first, keyword-only parameters on the object, and gives the gradient with the reduction's factor in it.
- The mean divides by the sum of the weights; "batchmean" divides by the number of rows.
- Nothing is clipped, and no epsilon is hidden: where a peer adds one, `eps=` says so, or the loss is infinite where it is.
- At a kink the gradient is 0 (of absolute errors and hinges; where the largest of several scores decides, the first of those that are
  equal has it), and Hessians are the true ones: 0 where a loss is linear.
- Shapes must be equal, and labels must be integers in range: what peers broadcast, wrap or truncate is an error here.
"""


def render() -> str:
    """The text of the document."""
    return "\n".join([HEAD, *map(section, PEERS)])


def section(peer: Peer) -> str:
    """All of one library."""
    rows = [row(entry) for entry in peer.entries]
    lines = [
        f"## {peer.name}",
        "",
        peer.intro,
        "",
        f"| {peer.name} | pyloss | data | |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    if peer.without:
        lines += ["Not here:", "", *(f"- `{name}`: {reason}." for name, reason in peer.without.items()), ""]
    return "\n".join(lines)


def row(entry: Entry) -> str:
    """One line of a table."""
    notes = [entry.why]
    if entry.less:
        notes.append(f"Less `{entry.less}`.")
    if entry.grad is False:
        notes.append("The value alone.")
    call = "" if entry.arguments == "y, p" else f"({entry.arguments})"
    cells = [f"`{entry.theirs}`", f"`{entry.ours}{call}`", entry.data, " ".join(filter(None, notes))]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
