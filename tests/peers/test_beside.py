"""Beside torch and scikit-learn, which bring OpenMP runtimes: in any order of imports, with parallel calls in all of them."""

import subprocess
import sys
from itertools import permutations

import pytest

LIBRARIES = ("pyloss", "torch", "sklearn")
CALLS = {
    "torch": """
torch.set_num_threads(2)
assert torch.get_num_threads() == 2
assert (torch.ones(600, 600) @ torch.ones(600, 600)).sum() == 600**3
assert (torch.ones(2_000_000) + 1).sum() == 4_000_000
""",
    "sklearn": """
points = np.random.default_rng(0).normal(size=(4000, 8))
assert sklearn.cluster.KMeans(3, n_init=1, random_state=0).fit(points).inertia_ > 0
labels = np.arange(4000) % 2
assert sklearn.ensemble.HistGradientBoostingClassifier(max_iter=2).fit(points, labels).n_iter_ == 2
""",
    "pyloss": """
pyloss.set_num_threads(2)
y, p = np.linspace(0, 1, 1_000_000), np.linspace(1, 0, 1_000_000)
for loss in (pyloss.MSE(), pyloss.BCE(), pyloss.Dice()):
    value, grad = loss.value_and_grad(y, p)
    print(value.hex(), hashlib.sha256(grad.tobytes()).hexdigest())
rows = p.reshape(-1, 10)
print(pyloss.CCE(from_logits=True)(np.zeros(100_000, int), rows).hex(), pyloss.triplet(None, (rows, rows[::-1], rows + 1)).hex())
""",
}
IMPORTS = {name: f"import {name}\n" for name in LIBRARIES} | {"sklearn": "import sklearn.cluster, sklearn.ensemble\n"}


def answers(imported: tuple[str, ...], called: tuple[str, ...]) -> str:
    code = "import hashlib, sys\nimport numpy as np\n"
    code += "".join(IMPORTS[name] for name in imported) + "".join(CALLS[name] for name in called)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def alone() -> str:
    return answers(("pyloss",), ("pyloss",))


@pytest.mark.parametrize("order", list(permutations(LIBRARIES)), ids="-".join)
def test_the_same_bits_beside_others(order, alone):
    assert answers(order, order) == alone


def test_the_same_bits_between_their_calls(alone):
    """Imported first, called last, and once more after the others."""
    assert answers(LIBRARIES, ("torch", "pyloss", "sklearn", "torch", "pyloss")) == alone * 2
