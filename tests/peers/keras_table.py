"""keras.losses: every class that it has, on the torch backend."""

from entry import Entry, Peer

CLIPPED = "Keras clips probabilities to [1e-7, 1 - 1e-7]; pyloss clips nothing: a certain wrong prediction costs inf."

KERAS = Peer(
    name="Keras",
    intro=(
        "`K` is keras.losses. The classes average over all elements, as pyloss does; the functions of the same names over the last axis "
        "alone, and leave one number a row. With `sample_weight`, Keras divides by the number of elements, unless the reduction is "
        '"mean_with_sample_weight"; pyloss by the sum of the weights. On the NumPy backend Keras clips also what comes from logits: no '
        "loss exceeds 16.2 there."
    ),
    entries=(
        Entry("K.MeanSquaredError()(y, p)", "MSE()", "regression"),
        Entry(
            "K.MeanSquaredError(reduction='mean_with_sample_weight')(y[:, None], p[:, None], w)",
            "MSE()",
            "regression",
            "Divided by the sum of the weights.",
            "y, p, w",
        ),
        Entry(
            "K.MeanSquaredError()(y[:, None], p[:, None], w)",
            "MSE(reduction='batchmean')",
            "regression",
            "Divided by the number of rows.",
            "y, p, w",
        ),
        Entry("K.MeanAbsoluteError()(y, p)", "MAE()", "regression"),
        Entry(
            "K.MeanAbsolutePercentageError()(y, p)",
            "Sum([(100.0, MAPE(eps=1e-7))])",
            "positive",
            "Per cent there, a fraction here; the floor of |y| is 1e-7 there, and 0 here unless eps is given.",
        ),
        Entry(
            "K.MeanSquaredLogarithmicError()(y, p)",
            "MSLE()",
            "positive",
            "Keras raises what is below 1e-7 to that; here anything above -1 goes, and the rest is an error.",
        ),
        Entry("K.Huber(delta=1.5)(y, p)", "Huber(delta=1.5)", "regression"),
        Entry("K.LogCosh()(y, p)", "LogCosh()", "regression"),
        Entry(
            "K.CosineSimilarity()(y, p)",
            "CosineDistance()",
            "vectors",
            "Keras gives minus the similarity, pyloss one minus it: the gradients are the same.",
            less="1.0",
        ),
        Entry(
            "K.Poisson()(y, p)",
            "PoissonNLL(log_input=False, eps=1e-7)",
            "means of counts",
            "Keras predicts the mean, not its logarithm, and adds 1e-7 inside the logarithm.",
        ),
        Entry("K.KLDivergence()(y, p)", "KLDivergence()", "distributions and probabilities", CLIPPED),
        Entry("K.BinaryCrossentropy()(y, p)", "BCE()", "bits and probabilities", CLIPPED),
        Entry("K.BinaryCrossentropy(from_logits=True)(y, p)", "BCE(from_logits=True)", "bits and logits"),
        Entry(
            "K.BinaryCrossentropy(from_logits=True, label_smoothing=0.2)(y, p)",
            "BCE(from_logits=True, label_smoothing=0.2)",
            "bits and logits",
            "y becomes y (1 - e) + e / 2 in both.",
        ),
        Entry("K.BinaryFocalCrossentropy()(y, p)", "BinaryFocal()", "bits and probabilities", CLIPPED),
        Entry(
            "K.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.25, gamma=3.0, from_logits=True)(y, p)",
            "BinaryFocal(alpha=0.25, gamma=3.0, from_logits=True)",
            "bits and logits",
            "alpha counts only with apply_class_balancing there.",
            tolerance=1e-5,
        ),
        Entry(
            "K.CategoricalCrossentropy()(y, p)",
            "CCE()",
            "one-hot and probabilities",
            "Keras divides each row by its sum, which changes nothing for probabilities but the gradient: by 1 for each class.",
            grad=False,
        ),
        Entry("K.CategoricalCrossentropy(from_logits=True)(y, p)", "CCE(from_logits=True)", "one-hot and logits"),
        Entry(
            "K.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)(y, p)",
            "CCE(from_logits=True, label_smoothing=0.1)",
            "one-hot and logits",
        ),
        Entry(
            "K.CategoricalFocalCrossentropy()(y, p)",
            "Sum([(0.25, CategoricalFocal())])",
            "one-hot and probabilities",
            "Keras's alpha=0.25 multiplies all classes; alpha holds one number for each class here. Keras divides each row by its sum.",
            grad=False,
        ),
        Entry(
            "K.CategoricalFocalCrossentropy(alpha=1.0, gamma=3.0, from_logits=True)(y, p)",
            "CategoricalFocal(gamma=3.0, from_logits=True)",
            "one-hot and logits",
            tolerance=1e-5,
        ),
        Entry(
            "K.SparseCategoricalCrossentropy(from_logits=True)(y, p)",
            "SparseCCE(from_logits=True)",
            "labels and logits",
        ),
        Entry(
            "K.SparseCategoricalCrossentropy()(y, p)",
            "SparseCCE()",
            "labels and probabilities",
            "As for CategoricalCrossentropy.",
            grad=False,
        ),
        Entry(
            "K.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2)(y, p)",
            "CCE(from_logits=True, ignore_index=2)",
            "labels and logits",
            "The mean is over the rows that are not ignored.",
        ),
        Entry(
            "K.CategoricalGeneralizedCrossEntropy(q=0.7)(y, p)",
            "GeneralizedCE(q=0.7)",
            "labels and probabilities",
            CLIPPED + " q is 0.5 by default there.",
        ),
        Entry("K.Hinge()(y, p)", "Hinge()", "signs and scores", "Labels 0 and 1 stand for -1 and 1 in both."),
        Entry("K.Hinge()(y, p)", "Hinge()", "bits and logits", "Keras looks whether all labels are 0 or 1."),
        Entry("K.SquaredHinge()(y, p)", "SquaredHinge()", "signs and scores"),
        Entry(
            "K.CategoricalHinge()(h, p)",
            "MulticlassHinge()",
            "labels and positive scores",
            "Keras counts a rival's score of 0 also where all rivals are below it: the two agree where the best rival is above 0. One-hot "
            "there, labels here.",
        ),
        Entry(
            "K.Dice()(y, p)",
            "Dice(smooth=0.0)",
            "images of masks",
            "Keras adds 1e-7 to the denominator; for soft targets pyloss takes the smaller of y and p instead of their product.",
            tolerance=1e-6,
        ),
        Entry("K.Dice(axis=(1, 2))(y, p)", "Dice(smooth=0.0, axis=(1, 2))", "images of masks", "", tolerance=1e-6),
        Entry(
            "K.Tversky(alpha=0.3, beta=0.7)(y, p)",
            "Tversky(alpha=0.7, beta=0.3, smooth=0.0)",
            "images of masks",
            "alpha is the price of false positives here; Keras says so too, but its alpha multiplies what is left out.",
            tolerance=1e-6,
        ),
    ),
    without={
        "CTC": "a loss of sequences",
        "Circle": "a loss of metric learning that pyloss does not have; see NTXent",
        "Loss": "the base class: pyloss.Loss",
    },
)
