# Points of two classes: y is the probability of the second class, or for hinges its sign.

cdef inline Point bce(real y, real p, const real* parameter) noexcept nogil:
    """a = p + eps and b = 1 - p + eps go into the logarithm with what rounding took from them; a class of weight 0 counts nothing."""
    cdef real eps = parameter[0], q = <real>1 - y, rest = <real>1 - p
    cdef real a = p + eps, b = rest + eps
    cdef real log_a = vector_log_sum(a, rounded_off(p, eps, a))
    cdef real log_b = vector_log_sum(b, rounded_off(rest, eps, b) + ((<real>1 - rest) - p))
    cdef real u = y / a, v = q / b
    cdef real nothing = nil(p)
    return Point(<real>0 - select(y != 0, y * log_a, nil(log_a)) - select(q != 0, q * log_b, nil(log_b)),
                 select(q != 0, v, nothing) - select(y != 0, u, nothing),
                 select(q != 0, v / b, nothing) + select(y != 0, u / a, nothing))


cdef inline Point bce_logits(real y, real z, const real* parameter) noexcept nogil:
    """e = exp(-|z|) never overflows and serves all three; s = e / (1 + e) is the smaller of the two probabilities.

    The terms of the value are positive and those of the gradient cancel only where the truth does: sigmoid(z) - y would lose the tails.
    """
    cdef real e = exp_minus(magnitude(z))
    cdef real s = e / (<real>1 + e)
    cdef real rest = <real>1 - y
    cdef real wrong = select(z > 0, rest, y)       # the probability of the class that z speaks against
    cdef real linear = select(wrong != 0, magnitude(z) * wrong, 0)
    return Point(linear + log1p_unit(e), select(z < 0, s - y, rest - s), s * (<real>1 - s))


cdef inline Point hinge(real y, real z, const real* parameter) noexcept nogil:
    """The label 0 stands for -1."""
    cdef real label = select(y > 0, 1, nil(y) - <real>1)
    cdef real gap = parameter[0] - label * z
    return Point(select(gap <= 0, 0, gap), select(gap > 0, -label, nil(gap)), nil(gap))
