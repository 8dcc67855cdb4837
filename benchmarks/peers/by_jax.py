"""JAX: jit, and jit of value_and_grad. It has no out=."""

from collections.abc import Callable
from functools import partial
from math import log
from typing import Any

import jax
import jax.numpy as jnp
from cases import Case, Data

from peers.cells import Calls

Array = jax.Array


def huber(loss: Any, y: Array, p: Array) -> Array:
    r = jnp.abs(p - y)
    c = jnp.minimum(r, loss.delta)
    return (c * (r - 0.5 * c)).mean()


def pinball(loss: Any, y: Array, p: Array) -> Array:
    r = y - p
    return jnp.maximum(loss.quantile * r, (loss.quantile - 1) * r).mean()


def log_cosh(loss: Any, y: Array, p: Array) -> Array:
    r = p - y
    return (r + jax.nn.softplus(-2 * r)).mean() - log(2)


def bce(loss: Any, y: Array, z: Array) -> Array:
    return (jax.nn.softplus(z) - y * z).mean()


def binary_focal(loss: Any, y: Array, z: Array) -> Array:
    p = jax.nn.sigmoid(z)
    m = y * (1 - p) + (1 - y) * p
    return (m * m * (jax.nn.softplus(z) - y * z)).mean()


def kl(loss: Any, y: Array, p: Array) -> Array:
    return (y * (jnp.log(y) - jnp.log(p))).sum() / len(p)


def softmax(loss: Any, y: Array, z: Array) -> Array:
    """As optax has it."""
    labelled = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    return (jax.nn.logsumexp(z, axis=1) - labelled).mean()


LOSSES: dict[str, Callable[[Any, Array, Array], Array]] = {
    "mse": lambda loss, y, p: jnp.square(p - y).mean(),
    "mae": lambda loss, y, p: jnp.abs(p - y).mean(),
    "huber": huber,
    "pinball": pinball,
    "log_cosh": log_cosh,
    "poisson_nll": lambda loss, y, z: (jnp.exp(z) - y * z).mean(),
    "bce_from_logits": bce,
    "binary_focal_from_logits": binary_focal,
    "kl_divergence": kl,
    "sparse_cce_from_logits": softmax,
}


def prepare(case: Case, data: Data, threads: int) -> Calls:
    """The number of threads was set before it was imported."""
    y, p = jnp.asarray(data.y_true), jnp.asarray(data.y_pred)
    function = partial(LOSSES[case.form], case.loss)
    only, both = jax.jit(function), jax.jit(jax.value_and_grad(function, argnums=1))

    def value_and_grad() -> Any:
        return jax.block_until_ready(both(y, p))

    return Calls(lambda: only(y, p).block_until_ready(), value_and_grad, value_and_grad)
