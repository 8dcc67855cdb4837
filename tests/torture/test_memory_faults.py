"""Every allocation of every form of every loss fails in turn."""

import pytest
from test_faults import pytestmark, run_faults
from variants import EVERY

__all__ = ["pytestmark"]


@pytest.mark.parametrize(
    "stem", dict.fromkeys(form.stem for form in EVERY if form().family not in ("contrastive", "sorted"))
)
def test_every_allocation_fails_in_turn(stem, tmp_path):
    run_faults(tmp_path, stem)
