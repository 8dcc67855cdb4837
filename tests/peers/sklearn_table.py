"""scikit-learn: the losses among its metrics, and the private ones that its estimators are trained with."""

from entry import Entry, Peer

SKLEARN = Peer(
    name="scikit-learn",
    intro=(
        "`M` is sklearn.metrics, `L` the private sklearn._loss, which gives one number and one gradient per sample (their mean here), and "
        "`S` the private sklearn.linear_model._sgd_fast. All take the truth first but the last. With weights, metrics divide by their sum, "
        "as pyloss does."
    ),
    entries=(
        Entry("M.mean_squared_error(y, p)", "MSE()", "regression", grad=False),
        Entry("M.mean_squared_error(y, p, sample_weight=w)", "MSE()", "regression", "", "y, p, w", grad=False),
        Entry("M.root_mean_squared_error(y, p)", "RMSE()", "regression", grad=False),
        Entry("M.mean_absolute_error(y, p)", "MAE()", "regression", grad=False),
        Entry("M.mean_pinball_loss(y, p, alpha=0.8)", "Pinball(quantile=0.8)", "regression", grad=False),
        Entry(
            "M.mean_absolute_percentage_error(y, p)",
            "MAPE(eps=np.finfo(float).eps)",
            "positive",
            "A fraction in both; |y| is at least 2e-16 there.",
            grad=False,
        ),
        Entry("M.mean_squared_log_error(y, p)", "MSLE()", "positive", grad=False),
        Entry(
            "M.log_loss(y, p)",
            "BCE()",
            "bits and probabilities",
            "scikit-learn clips probabilities to [2e-16, 1 - 2e-16] in float64.",
            grad=False,
        ),
        Entry("M.log_loss(y, p)", "SparseCCE()", "labels and probabilities", "", grad=False),
        Entry(
            "M.log_loss(y, p, normalize=False)", "SparseCCE(reduction='sum')", "labels and probabilities", grad=False
        ),
        Entry(
            "M.brier_score_loss(y, p)",
            "Brier()",
            "bits and probabilities",
            "(p - y)^2 in both: scale_by_half is on for two classes.",
            grad=False,
        ),
        Entry("M.hinge_loss(y, p)", "Hinge()", "signs and scores", grad=False),
        Entry(
            "M.hinge_loss(y, p)", "MulticlassHinge()", "labels and logits", "Crammer and Singer's in both.", grad=False
        ),
        Entry(
            "M.mean_poisson_deviance(y, p)",
            "Sum([(2.0, PoissonNLL(log_input=False))])",
            "positive",
            "The deviance is twice the excess over the loss of a perfect prediction, a constant.",
            less="2 * np.mean(y - y * np.log(y))",
            grad=False,
        ),
        Entry(
            "M.mean_gamma_deviance(y, p)",
            "Sum([(2.0, GammaNLL(log_input=False))])",
            "positive",
            "As for mean_poisson_deviance.",
            less="2 * np.mean(np.log(y) + 1)",
            grad=False,
        ),
        Entry(
            "M.mean_tweedie_deviance(y, p, power=1.5)",
            "Sum([(2.0, TweedieNLL(power=1.5, log_input=False))])",
            "positive",
            "As for mean_poisson_deviance.",
            less="2 * np.mean(y**0.5 / 0.5 - y * y**-0.5 / -0.5)",
            grad=False,
        ),
        Entry(
            "L.HalfSquaredError().loss(y, p)",
            "SSE(reduction='mean')",
            "regression",
            "Half the square in both.",
            grad="gradient",
        ),
        Entry(
            "L.AbsoluteError().loss(y, p)",
            "MAE()",
            "regression",
            "The gradient at 0 is -1 there, 0 here; the Hessian is 1 there, 0 here.",
            grad="gradient",
        ),
        Entry(
            "L.PinballLoss(quantile=0.8).loss(y, p)",
            "Pinball(quantile=0.8)",
            "regression",
            "The gradient at 0 is -quantile there, 0 here; the Hessian is 1 there, 0 here.",
            grad="gradient",
        ),
        Entry(
            "L.HuberLoss(quantile=0.9, delta=1.5).loss(y, p)",
            "Huber(delta=1.5)",
            "regression",
            "Gradient boosting's alpha is the quantile of residuals that delta is set to at every stage. The Hessian is 0 at the kink "
            "there, 1 here.",
            grad="gradient",
        ),
        Entry(
            "L.HalfPoissonLoss().loss(y, p)",
            "PoissonNLL()",
            "counts",
            "What depends on y alone is left out in both.",
            grad="gradient",
        ),
        Entry("L.HalfGammaLoss().loss(y, p)", "GammaNLL()", "log positive", grad="gradient"),
        Entry(
            "L.HalfTweedieLoss(power=1.5).loss(y, p)",
            "TweedieNLL(power=1.5)",
            "log positive",
            "At the powers 0, 1 and 2 constants differ there.",
            grad="gradient",
        ),
        Entry(
            "L.HalfTweedieLossIdentity(power=1.5).loss(y, p)",
            "TweedieNLL(power=1.5, log_input=False)",
            "positive",
            "The constants are those of half the deviance there.",
            less="np.mean(y**0.5 / 0.5 - y * y**-0.5 / -0.5)",
            grad="gradient",
        ),
        Entry("L.HalfBinomialLoss().loss(y, p)", "BCE(from_logits=True)", "bits and logits", grad="gradient"),
        Entry(
            "L.HalfMultinomialLoss(n_classes=4).loss(y.astype(float), p)",
            "SparseCCE(from_logits=True)",
            "labels and logits",
            "Labels must be floats there, and are not checked; integers here.",
            grad="gradient",
        ),
        Entry(
            "ExponentialLoss().loss(y, p)",
            "Exponential()",
            "bits and logits",
            "Labels 0 and 1 there; 0 stands for -1 here.",
            grad="gradient",
        ),
        Entry(
            "S.Hinge(1.0).py_loss(p, y)",
            "Hinge()",
            "signs and scores",
            "At the kink the gradient is -y there, 0 here.",
            grad="py_dloss",
        ),
        Entry("S.Hinge(0.0).py_loss(p, y)", "Perceptron()", "signs and scores", "The same.", grad="py_dloss"),
        Entry("S.SquaredHinge(1.0).py_loss(p, y)", "SquaredHinge()", "signs and scores", grad="py_dloss"),
        Entry("S.ModifiedHuber().py_loss(p, y)", "ModifiedHuber()", "signs and scores", grad="py_dloss"),
        Entry(
            "S.EpsilonInsensitive(0.25).py_loss(p, y)",
            "EpsilonInsensitive(epsilon=0.25)",
            "regression",
            grad="py_dloss",
        ),
        Entry(
            "S.SquaredEpsilonInsensitive(0.25).py_loss(p, y)",
            "SquaredEpsilonInsensitive(epsilon=0.25)",
            "regression",
            grad="py_dloss",
        ),
    ),
    without={
        "coverage_error": "of ranks: it has no gradient",
        "d2_absolute_error_score": "a score: one minus a ratio of losses",
        "d2_log_loss_score": "a score: one minus a ratio of losses",
        "hamming_loss": "of classes: it has no gradient",
        "label_ranking_loss": "of ranks: it has no gradient",
        "max_error": "of one sample alone",
        "median_absolute_error": "of one sample alone",
        "root_mean_squared_log_error": "the root of MSLE",
        "zero_one_loss": "of classes: it has no gradient",
    },
)
