"""torch.nn.functional: every loss function that it has."""

from entry import Entry, Peer

CLASSES = "labels and logits"
IGNORED = "labels, some ignored, and logits"

TORCH = Peer(
    name="PyTorch",
    intro=(
        "`F` is torch.nn.functional; the modules of torch.nn take the same arguments. The prediction comes first there, the truth first "
        'here. torch\'s reduction="sum" and "none" are pyloss\'s; the mean with weights is not: torch divides by the number of elements '
        "where weights multiply elements, and by the sum of the weights where they belong to classes; pyloss by the sum of the weights."
    ),
    entries=(
        Entry("F.mse_loss(p, y)", "MSE()", "regression"),
        Entry("F.mse_loss(p, y, reduction='sum')", "MSE(reduction='sum')", "regression"),
        Entry("F.mse_loss(p, y, weight=w)", "MSE()", "regression", "Both divide by the sum of the weights.", "y, p, w"),
        Entry("F.l1_loss(p, y)", "MAE()", "regression", "The gradient at 0 is 0 in both."),
        Entry("F.l1_loss(p, y, weight=w)", "MAE()", "regression", "Both divide by the sum of the weights.", "y, p, w"),
        Entry(
            "F.smooth_l1_loss(p, y, beta=0.5)", "SmoothL1(beta=0.5)", "regression", "Huber(delta=beta) divided by beta."
        ),
        Entry(
            "F.huber_loss(p, y, delta=1.5)",
            "Huber(delta=1.5)",
            "regression",
            "The gradient at the kinks is +-delta in both.",
        ),
        Entry(
            "F.huber_loss(p, y, delta=1.5, weight=w)",
            "Huber(delta=1.5, reduction='batchmean')",
            "regression",
            "torch divides by the number of elements here, unlike in mse_loss.",
            "y, p, w",
        ),
        Entry(
            "F.poisson_nll_loss(p, y)",
            "PoissonNLL()",
            "counts",
            "torch's eps plays no part in logs, and is 0 by default here.",
        ),
        Entry(
            "F.poisson_nll_loss(p, y, log_input=False)",
            "PoissonNLL(log_input=False, eps=1e-8)",
            "means of counts",
            "torch adds eps=1e-8 inside the logarithm; without it a mean of 0 costs inf where something was counted.",
        ),
        Entry(
            "F.poisson_nll_loss(p, y, full=True)",
            "PoissonNLL()",
            "counts",
            "torch adds Stirling's approximation of log y!, and only where y > 1; PoissonNLL(full=True) adds log y! exactly. Neither "
            "depends on the prediction.",
            less="-np.mean([k * np.log(k) - k + np.log(2 * np.pi * k) / 2 if k > 1 else 0 for k in y])",
        ),
        Entry(
            "F.gaussian_nll_loss(p, y, q)",
            "GaussianNLL(eps=1e-6)",
            "mean and variance",
            "torch raises a variance below eps=1e-6 to eps, and its gradient there ignores that; pyloss's own eps is 0.",
            "y, (p, q)",
        ),
        Entry(
            "F.gaussian_nll_loss(p, y, q, full=True)",
            "GaussianNLL(full=True, eps=1e-6)",
            "mean and variance",
            "",
            "y, (p, q)",
        ),
        Entry(
            "F.binary_cross_entropy(p, y)",
            "BCE()",
            "bits and probabilities",
            "torch replaces a logarithm below -100 by -100, and divides the gradient by at least 1e-12, so that they are not those of one "
            "function; pyloss clips nothing: a certain wrong prediction costs inf.",
        ),
        Entry(
            "F.binary_cross_entropy(p, y, weight=w)",
            "BCE(reduction='batchmean')",
            "bits and probabilities",
            'torch divides by the number of elements, as "batchmean" does for vectors; "mean" by the sum of the weights.',
            "y, p, w",
        ),
        Entry("F.binary_cross_entropy_with_logits(p, y)", "BCE(from_logits=True)", "bits and logits"),
        Entry(
            "F.binary_cross_entropy_with_logits(p, y, pos_weight=torch.tensor(3.0))",
            "BCE(from_logits=True, pos_weight=3.0)",
            "bits and logits",
            "pos_weight does not enter the denominator in either.",
        ),
        Entry(
            "F.binary_cross_entropy_with_logits(p, y, weight=w)",
            "BCE(from_logits=True, reduction='batchmean')",
            "bits and logits",
            "As for binary_cross_entropy.",
            "y, p, w",
        ),
        Entry(
            "F.soft_margin_loss(p, y)",
            "Logistic()",
            "signs and scores",
            "torch overflows to inf, with a gradient of nan, for scores beyond 88 in float32.",
        ),
        Entry(
            "F.multilabel_soft_margin_loss(p, y)",
            "BCE(from_logits=True)",
            "cells of bits and logits",
            "The mean over the classes of each row, and then over rows, is that over all cells.",
        ),
        Entry(
            "F.cross_entropy(p, y)",
            "CCE(from_logits=True, ignore_index=-100)",
            CLASSES,
            "ignore_index is None by default here.",
        ),
        Entry(
            "F.cross_entropy(p, y)",
            "CCE(from_logits=True, ignore_index=-100)",
            IGNORED,
            "With labels that are ignored.",
        ),
        Entry("F.cross_entropy(p, y, reduction='sum')", "CCE(from_logits=True, reduction='sum')", CLASSES),
        Entry(
            "F.cross_entropy(p, y)",
            "CCE(from_logits=True, axis=1)",
            "labels of pixels and logits",
            "torch's classes are on axis 1.",
        ),
        Entry(
            "F.cross_entropy(p, y, weight=w)",
            "CCE(from_logits=True, class_weight=w)",
            CLASSES,
            "The mean divides by the sum of the weights of the rows' classes in both.",
        ),
        Entry(
            "F.cross_entropy(p, y, weight=w)",
            "CCE(from_logits=True, class_weight=w, ignore_index=-100)",
            IGNORED,
            "What is ignored is not in the denominator in either.",
        ),
        Entry("F.cross_entropy(p, y, label_smoothing=0.1)", "CCE(from_logits=True, label_smoothing=0.1)", CLASSES),
        Entry(
            "F.cross_entropy(p, y, label_smoothing=0.1)",
            "CCE(from_logits=True, label_smoothing=0.1, ignore_index=-100)",
            IGNORED,
        ),
        Entry(
            "F.cross_entropy(p, y, label_smoothing=0.1, weight=w)",
            "CCE(from_logits=True, label_smoothing=0.1, class_weight=w)",
            CLASSES,
            "The weights multiply the smoothed target, class by class, and the mean divides by the weights of the labels.",
        ),
        Entry(
            "F.cross_entropy(p, y, label_smoothing=0.1, weight=w)",
            "CCE(from_logits=True, label_smoothing=0.1, class_weight=w, ignore_index=-100)",
            IGNORED,
        ),
        Entry("F.cross_entropy(p, y)", "CCE(from_logits=True)", "distributions and logits"),
        Entry(
            "F.cross_entropy(p, y, weight=w)",
            "CCE(from_logits=True, class_weight=w, reduction='batchmean')",
            "distributions and logits",
            "For soft targets torch divides by the number of rows, whatever the weights; for labels by their weights (pytorch#61309, "
            "#104776).",
        ),
        Entry(
            "F.cross_entropy(p, y, label_smoothing=0.2)",
            "CCE(from_logits=True, label_smoothing=0.2)",
            "distributions and logits",
        ),
        Entry("F.nll_loss(p, y)", "NLL()", "labels and log-probabilities"),
        Entry(
            "F.nll_loss(p, y, weight=w)",
            "NLL(class_weight=w)",
            "labels and log-probabilities",
            "Both divide by the sum of the labels' weights.",
        ),
        Entry(
            "F.kl_div(p, y, reduction='batchmean')",
            "KLDivergence(log_pred=True)",
            "distributions and log-probabilities",
            'torch\'s "mean" divides by the number of elements; pyloss\'s by the number of rows, as torch\'s "batchmean".',
        ),
        Entry(
            "F.kl_div(p, y)",
            "Sum([(1 / p.shape[1], KLDivergence(log_pred=True))])",
            "distributions and log-probabilities",
            "The mean over elements.",
        ),
        Entry(
            "F.kl_div(p, y, log_target=True, reduction='batchmean')",
            "KLDivergence(log_true=True, log_pred=True)",
            "log-distributions and log-probabilities",
        ),
        Entry(
            "F.cosine_embedding_loss(p, q, y, margin=0.25)",
            "CosineEmbedding(margin=0.25)",
            "signs and pairs of vectors",
            "torch adds 1e-12 to squared lengths.",
            "y, (p, q)",
            tolerance=1e-7,
        ),
        Entry(
            "F.cosine_embedding_loss(p, q, y, margin=-0.5)",
            "CosineEmbedding(margin=-0.5)",
            "signs and pairs of vectors, some of them zero",
            "torch counts a zero vector as of the similarity 0, which costs 1 for the label 1 and -margin for -1, if that is positive; "
            "here its value and gradient are 0.",
            "y, (p, q)",
            less="-np.mean(np.where(y == 1, 1.0, 0.5) * (p == 0).all(axis=1))",
            grad=False,
            tolerance=1e-7,
        ),
        Entry("F.hinge_embedding_loss(p, y)", "HingeEmbedding()", "signs and scores"),
        Entry(
            "F.margin_ranking_loss(p, q, y, margin=0.5)",
            "MarginRanking(margin=0.5)",
            "signs and pairs of scores",
            "",
            "y, (p, q)",
        ),
        Entry(
            "F.triplet_margin_loss(p, q, r)",
            "Triplet()",
            "three vectors",
            "torch adds eps=1e-6 to each difference of vectors, which moves numbers by as much.",
            "None, (p, q, r)",
            tolerance=1e-4,
        ),
        Entry(
            "F.triplet_margin_loss(p, q, r, margin=2.0, p=1, swap=True, eps=0)",
            "Triplet(margin=2.0, p=1, swap=True)",
            "three vectors",
            "",
            "None, (p, q, r)",
        ),
        Entry(
            "F.triplet_margin_with_distance_loss(p, q, r)",
            "Triplet()",
            "three vectors",
            "The distance is the Euclidean one unless another is given, for which there is nothing here.",
            "None, (p, q, r)",
            tolerance=1e-4,
        ),
        Entry(
            "F.multi_margin_loss(p, y)", "MultiMargin()", CLASSES, "Both divide a row's sum by the number of classes."
        ),
        Entry("F.multi_margin_loss(p, y, p=2, margin=0.5)", "MultiMargin(p=2, margin=0.5)", CLASSES),
        Entry(
            "F.multi_margin_loss(p, y, weight=w)",
            "MultiMargin(reduction='batchmean')",
            CLASSES,
            "torch divides by the number of rows.",
            "y, p, w[y]",
        ),
        Entry(
            "F.multilabel_margin_loss(p, y)",
            "MultilabelMargin()",
            "label lists and scores",
            "Labels are indices, padded with -1, in both.",
        ),
    ),
    without={"ctc_loss": "a loss of sequences"},
)
