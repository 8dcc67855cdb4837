"""optax.losses: what pyloss has of it."""

from entry import Entry, Peer

OPTAX = Peer(
    name="optax",
    intro=(
        "`O` is optax.losses. It gives one number per element or per row, which the mean is taken of here; the prediction comes first."
    ),
    entries=(
        Entry("O.squared_error(p, y).mean()", "MSE()", "regression"),
        Entry("O.l2_loss(p, y).mean()", "SSE(reduction='mean')", "regression", "Half the square in both."),
        Entry("O.huber_loss(p, y, delta=1.5).mean()", "Huber(delta=1.5)", "regression"),
        Entry("O.log_cosh(p, y).mean()", "LogCosh()", "regression"),
        Entry(
            "O.cosine_distance(p, y).mean()",
            "CosineDistance()",
            "vectors",
            "A zero vector gives nan there unless epsilon is set, 0 here.",
        ),
        Entry(
            "O.cosine_similarity(p, y).mean() * -1",
            "CosineDistance()",
            "vectors",
            "One minus the similarity.",
            less="1.0",
        ),
        Entry("O.hinge_loss(p, y).mean()", "Hinge()", "signs and scores"),
        Entry("O.perceptron_loss(p, y).mean()", "Perceptron()", "signs and scores"),
        Entry("O.multiclass_sparsemax_loss(p, y).mean()", "Sparsemax()", "labels and logits"),
        Entry("O.sigmoid_binary_cross_entropy(p, y).mean()", "BCE(from_logits=True)", "soft bits and logits"),
        Entry(
            "O.sigmoid_focal_loss(p, y, alpha=0.25, gamma=3.0).mean()",
            "BinaryFocal(alpha=0.25, gamma=3.0, from_logits=True)",
            "bits and logits",
            "alpha is None by default in both.",
        ),
        Entry(
            "O.sigmoid_focal_loss(p, y).mean()",
            "BinaryFocal(from_logits=True)",
            "soft bits and logits",
            "The same extension to soft targets.",
        ),
        Entry("O.softmax_cross_entropy(p, y).mean()", "CCE(from_logits=True)", "distributions and logits"),
        Entry(
            "O.safe_softmax_cross_entropy(p, y).mean()",
            "CCE(from_logits=True)",
            "distributions and logits",
            "What is safe there holds here anyway: 0 log 0 is 0.",
        ),
        Entry(
            "O.softmax_cross_entropy_with_integer_labels(p, y).mean()",
            "SparseCCE(from_logits=True)",
            "labels and logits",
            "A label of -1 is the last class there, an error here.",
        ),
        Entry(
            "O.softmax_cross_entropy(p, O.smooth_labels(y, 0.1)).mean()",
            "CCE(from_logits=True, label_smoothing=0.1)",
            "one-hot and logits",
        ),
        Entry("O.poly_loss_cross_entropy(p, y, epsilon=1.5).mean()", "Poly1(epsilon=1.5)", "one-hot and logits"),
        Entry("O.multiclass_hinge_loss(p, y).mean()", "MulticlassHinge()", "labels and logits"),
        Entry(
            "O.kl_divergence(p, y).mean()",
            "KLDivergence(log_pred=True)",
            "distributions and log-probabilities",
            "A sum over classes in both.",
        ),
        Entry(
            "O.kl_divergence_with_log_targets(p, y).mean()",
            "KLDivergence(log_true=True, log_pred=True)",
            "log-distributions and log-probabilities",
        ),
        Entry("O.generalized_kl_divergence(p, y).mean()", "GeneralizedKL()", "distributions and log-probabilities"),
        Entry("O.convex_kl_divergence(p, y).mean()", "GeneralizedKL()", "distributions and log-probabilities"),
        Entry(
            "O.ntxent(p, y, temperature=0.5)",
            "NTXent()",
            "groups and embeddings",
            "The temperature is 0.07 by default there; a mean over positive pairs in both. Other positives are in no pair's denominator "
            "in both; in SimCLR (Chen et al.) there are but groups of two.",
        ),
        Entry(
            "O.triplet_margin_loss(p, q, r, eps=0.0).mean()",
            "Triplet()",
            "three vectors",
            "optax adds eps=1e-6 to the squared distance.",
            "None, (p, q, r)",
        ),
        Entry(
            "O.dice_loss(p, y, smooth=1.0, apply_softmax=False, axis=0)",
            "Dice(smooth=2.0, axis=0)",
            "one-hot and probabilities",
            "optax's smooth counts twice in both sums; it takes logits unless apply_softmax=False, pyloss probabilities.",
        ),
        Entry(
            "O.dice_loss(p, y, smooth=1.0, alpha=0.3, beta=0.7, apply_softmax=False, axis=0)",
            "Tversky(alpha=0.3, beta=0.7, smooth=1.0, axis=0)",
            "one-hot and probabilities",
        ),
    ),
    without={
        "binary_dice_loss": "dice_loss of the sigmoid of logits: Dice on probabilities",
        "multiclass_generalized_dice_loss": "Dice whose classes are weighted by the truth of the batch",
        "multiclass_perceptron_loss": "MulticlassHinge without a margin",
        "sparsemax_loss": "Sparsemax of the two scores (0, z)",
        "make_fenchel_young_loss": "makes losses of a function of yours",
        "ranking_softmax_loss": "a loss of lists",
        "ctc_loss": "a loss of sequences",
        "ctc_loss_with_forward_probs": "a loss of sequences",
    },
)
