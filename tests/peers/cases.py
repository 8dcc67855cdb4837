"""The data of the porting tables: one set of small float64 arrays for each kind of loss. p, q and r are predictions, y the truth."""

import numpy as np

N, C = 12, 4


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def make():
    """Every kind of data by its name, the same each time."""
    rng = np.random.default_rng(7)
    z, z2 = rng.normal(size=(N, C)) * 2, rng.normal(size=(N, C))
    labels = np.arange(N) % C
    ignored = np.where(np.arange(N) % 5 == 0, -100, labels)
    onehot, soft = np.eye(C)[labels], softmax(rng.normal(size=(N, C)))
    real, other = rng.normal(size=N), 3 * rng.normal(size=N)
    counts = rng.integers(0, 6, N).astype(float)
    positive, more = rng.uniform(0.2, 4, N), rng.uniform(0.2, 4, N)
    bits = (np.arange(N) % 3 == 0).astype(float)
    signs = 2 * bits - 1
    weights = rng.uniform(0.5, 2, N)
    class_weights = np.array([0.5, 2.0, 1.0, 0.25])
    unit = rng.uniform(0.05, 0.95, N)
    pixels = rng.integers(0, C, (3, 5, 2))
    multilabel = np.full((N, C), -1)
    multilabel[:, 0] = labels
    multilabel[::2, 1] = (labels[::2] + 1) % C
    return {
        "regression": {"y": real, "p": other, "w": weights},
        "positive": {"y": positive, "p": more, "w": weights},
        "log positive": {"y": positive, "p": np.log(more), "w": weights},
        "counts": {"y": counts, "p": real},
        "means of counts": {"y": counts, "p": positive},
        "mean and variance": {"y": real, "p": other, "q": positive},
        "bits and logits": {"y": bits, "p": other, "w": weights},
        "bits and probabilities": {"y": bits, "p": unit, "w": weights},
        "soft bits and logits": {"y": rng.random(N), "p": other},
        "cells of bits and logits": {"y": (z2 > 0).astype(float), "p": z},
        "signs and scores": {"y": signs, "p": other},
        "signs and pairs of scores": {"y": signs, "p": real, "q": other},
        "labels and logits": {"y": labels, "p": z, "w": class_weights},
        "labels, some ignored, and logits": {"y": ignored, "p": z, "w": class_weights},
        "labels of pixels and logits": {"y": pixels, "p": rng.normal(size=(3, C, 5, 2))},
        "labels and positive scores": {"y": labels, "p": np.abs(z), "h": onehot},
        "labels and log-probabilities": {"y": labels, "p": np.log(softmax(z)), "w": class_weights},
        "labels and probabilities": {"y": labels, "p": softmax(z)},
        "one-hot and logits": {"y": onehot, "p": z},
        "one-hot and probabilities": {"y": onehot, "p": softmax(z)},
        "distributions and logits": {"y": soft, "p": z, "w": class_weights},
        "distributions and probabilities": {"y": soft, "p": softmax(z)},
        "distributions and log-probabilities": {"y": soft, "p": np.log(softmax(z))},
        "log-distributions and log-probabilities": {"y": np.log(soft), "p": np.log(softmax(z))},
        "label lists and scores": {"y": multilabel, "p": z},
        "vectors": {"y": z2, "p": z},
        "signs and pairs of vectors": {"y": signs, "p": z, "q": z2},
        "signs and pairs of vectors, some of them zero": {
            "y": signs,
            "p": z * (np.arange(N) % 4 != 0)[:, np.newaxis],
            "q": z2,
        },
        "three vectors": {"p": z, "q": z2, "r": rng.normal(size=(N, C))},
        "groups and embeddings": {"y": np.arange(N) // 3, "p": z},
        "masks": {"y": bits, "p": unit},
        "images of masks": {"y": (rng.random((3, 5, 2)) > 0.5).astype(float), "p": rng.uniform(0.05, 0.95, (3, 5, 2))},
    }


CASES = make()
