"""What type checkers say of pyloss. mypy reads this file too: what runs must pass, and what is refused must be an error there."""

from typing import assert_type

import numpy as np
import pytest

import pyloss
from pyloss import CCE, CategoricalFocal, Dice, Huber, LinearCCE, Loss, Lovasz, MultiMargin, MultiQuantile, SparseCCE


def test_parameters_may_be_numbers_of_numpy() -> None:
    assert Huber(delta=np.float32(1.5)).delta == 1.5
    assert Huber(delta=np.int64(2)).delta == 2
    assert SparseCCE(from_logits=True, softcap=np.float32(2), temperature=1).softcap == 2
    assert pyloss.huber([0.0], [1.0], delta=np.float32(1.5)) == 0.5


def test_numbers_for_each_class_may_be_any_sequence() -> None:
    for loss in (CCE(class_weight=[1, 2]), CCE(class_weight=np.ones(2)), CCE(class_weight=(1.0, np.float32(2)))):
        assert_type(loss.class_weight, tuple[float, ...] | None)
    assert MultiQuantile(quantiles=[0.1, 0.9]).quantiles == (0.1, 0.9)
    assert CategoricalFocal(alpha=[1, 0.5]).alpha == (1.0, 0.5)
    assert LinearCCE(class_weight=np.ones(3), z_loss=np.float32(0.5)).class_weight == (1.0, 1.0, 1.0)
    assert pyloss.sparse_cce([0], [[0.5, 0.5]], class_weight=[1, 2]) > 0


def test_axes_may_be_a_list() -> None:
    assert Dice(axis=[1, 2]).axis == (1, 2)
    assert pyloss.dice([[0.0]], [[0.0]], axis=[1]) == 0


def test_what_is_kept_has_one_type() -> None:
    assert_type(Huber(delta=np.float32(1.5)).delta, float)
    assert_type(MultiQuantile().quantiles, tuple[float, ...])
    with pytest.raises(AttributeError):
        Huber().delta = 2.0  # type: ignore[misc]


def test_losses_of_the_registry_take_their_own_parameters() -> None:
    loss = pyloss.LOSSES["huber"](delta=2.0)
    assert_type(loss, Loss)
    assert loss == Huber(delta=2.0)


def test_what_is_refused_is_an_error_of_types() -> None:
    with pytest.raises(ValueError, match="kind must be"):
        Lovasz(kind="foo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="kind must be"):
        pyloss.lovasz([0.0], [0.0], kind="foo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="p must be"):
        MultiMargin(p=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="delta must be"):
        Huber(delta="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword"):
        Huber(detla=1.0)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="class_weight must be"):
        CCE(class_weight="12")  # type: ignore[arg-type]
