"""XGBoost's and LightGBM's objectives: what they boost with. Documentation: their gradients cannot be asked for from outside."""

from entry import Entry, Peer

DOCUMENTED = (
    "A custom objective gets the raw scores z and returns gradient and Hessian of each sample: "
    '`loss = pyloss.BCE(from_logits=True, reduction="none"); loss.grad_and_hess(y, z)`. The table says which loss has the gradient of '
    "the built-in objective; a Hessian that differs changes the steps, not the minimum. It is documentation: no test runs it."
)

XGBOOST = Peer(
    name="XGBoost",
    intro=DOCUMENTED,
    entries=(
        Entry("reg:squarederror", "SSE()", "regression", "Half the square: gradient z - y, Hessian 1."),
        Entry(
            "reg:absoluteerror",
            "MAE()",
            "regression",
            "Older versions have the gradient sign(r), a surrogate Hessian, and refit leaves to medians. The main branch has another "
            "gradient: with S the squared weighted mean of sqrt|r|, the r S / hypot(S, r), which is not that of MAE.",
        ),
        Entry("reg:pseudohubererror (huber_slope)", "PseudoHuber(delta=1.0)", "regression", "delta is huber_slope."),
        Entry(
            "reg:quantileerror (quantile_alpha)",
            "Pinball(quantile=0.5)",
            "regression",
            "Several levels are MultiQuantile; XGBoost sorts the predictions of a row. The Hessian is a surrogate there, 0 here. Its "
            "main branch smoothes the pinball, with the gradient S (tanh(r / (0.04 S)) + 1 - 2 alpha) / 2, which is not this.",
        ),
        Entry(
            "reg:expectileerror (expectile_alpha)", "Sum([(0.5, Expectile(quantile=0.5))])", "regression", "Half of it."
        ),
        Entry(
            "reg:squaredlogerror",
            "Sum([(0.5, MSLE())])",
            "positive",
            "Half of it; predictions are raised to -1 + 1e-6 there.",
        ),
        Entry(
            "reg:logistic, binary:logistic",
            "BCE(from_logits=True)",
            "bits and logits",
            "The Hessian is at least 1e-16 there.",
        ),
        Entry(
            "scale_pos_weight",
            "BCE(from_logits=True, pos_weight=3.0)",
            "bits and logits",
            "pos_weight is scale_pos_weight, which counts only where y is 1 exactly; between 0 and 1 pos_weight counts in part.",
        ),
        Entry(
            "binary:hinge",
            "Hinge()",
            "bits and logits",
            "Labels 0 and 1; the Hessian is the weight before the margin there.",
        ),
        Entry(
            "multi:softmax, multi:softprob",
            "SparseCCE(from_logits=True)",
            "labels and logits",
            "The Hessian is twice q (1 - q) there, q (1 - q) here.",
        ),
        Entry("count:poisson", "PoissonNLL()", "counts", "The Hessian of recent versions is the mean of exp(z) and y."),
        Entry("reg:gamma", "GammaNLL()", "log positive"),
        Entry(
            "reg:tweedie (tweedie_variance_power)",
            "TweedieNLL(power=1.5)",
            "log positive",
            "power is tweedie_variance_power.",
        ),
    ),
    without={
        "rank:ndcg, rank:map, rank:pairwise": "losses of lists",
        "survival:cox, survival:aft": "losses of survival times",
    },
)

LIGHTGBM = Peer(
    name="LightGBM",
    intro=DOCUMENTED,
    entries=(
        Entry("regression (l2)", "SSE()", "regression", "Half the square: gradient z - y, Hessian 1."),
        Entry(
            "regression_l1", "MAE()", "regression", "The Hessian is 1 there, 0 here; leaves are refitted to medians."
        ),
        Entry(
            "huber (alpha)",
            "Huber(delta=0.9)",
            "regression",
            "delta is alpha, 0.9 by default there; the Hessian is 1 everywhere there.",
        ),
        Entry("fair (fair_c)", "Fair(c=1.0)", "regression", "c is fair_c."),
        Entry(
            "quantile (alpha)", "Pinball(quantile=0.9)", "regression", "The gradient at 0 is 1 - alpha there, 0 here."
        ),
        Entry("mape", "MAPE(eps=1.0)", "positive", "|y| is at least 1 there."),
        Entry("binary", "BCE(from_logits=True)", "bits and logits", "With sigmoid=s there, of s z."),
        Entry("cross_entropy", "BCE(from_logits=True)", "soft bits and logits", "Soft targets in both."),
        Entry(
            "multiclass",
            "SparseCCE(from_logits=True)",
            "labels and logits",
            "The Hessian is K / (K - 1) q (1 - q) there for K classes, q (1 - q) here.",
        ),
        Entry(
            "multiclassova",
            "BCE(from_logits=True, reduction='batchmean')",
            "cells of bits and logits",
            "On one-hot labels: each class against the rest.",
        ),
        Entry("poisson (poisson_max_delta_step)", "PoissonNLL()", "counts", "The Hessian is that at z + 0.7 there."),
        Entry("gamma", "GammaNLL()", "log positive"),
        Entry(
            "tweedie (tweedie_variance_power)",
            "TweedieNLL(power=1.5)",
            "log positive",
            "power is tweedie_variance_power.",
        ),
    ),
    without={
        "lambdarank, rank_xendcg": "losses of lists",
        "cross_entropy_lambda": "weights enter its link there; there is nothing like it here",
        "regression with reg_sqrt": "MSE of the signed roots of y",
    },
)
