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


cdef inline Point bce_weighted(real y, real p, const real* parameter) noexcept nogil:
    """The truth smoothed, from either end so that both ends are exact, and its positive term weighted; else as `bce`."""
    cdef real eps = parameter[0], slope = parameter[1], shift = parameter[2], weight = parameter[3]
    cdef real rest = <real>1 - p, yes = weight * (slope * y + shift), no = slope * (<real>1 - y) + shift
    cdef real a = p + eps, b = rest + eps
    cdef real log_a = vector_log_sum(a, rounded_off(p, eps, a))
    cdef real log_b = vector_log_sum(b, rounded_off(rest, eps, b) + ((<real>1 - rest) - p))
    cdef real u = yes / a, v = no / b
    cdef real nothing = nil(p)
    return Point(<real>0 - select(yes != 0, yes * log_a, nil(log_a)) - select(no != 0, no * log_b, nil(log_b)),
                 select(no != 0, v, nothing) - select(yes != 0, u, nothing),
                 select(no != 0, v / b, nothing) + select(yes != 0, u / a, nothing))


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


cdef inline real sign_of_label(real y) noexcept nogil:
    """The label 0 stands for -1."""
    return select(y > 0, 1, nil(y) - <real>1)


cdef inline Point logistic(real y, real z, const real* parameter) noexcept nogil:
    """As `bce_logits` of a certain truth: s = e / (1 + e) is the smaller of the two probabilities."""
    cdef real label = sign_of_label(y), score = label * z
    cdef real e = exp_minus(magnitude(z))
    cdef real s = e / (<real>1 + e), rest = <real>1 - s
    cdef real linear = select(score < 0, -score, nil(score))
    return Point(linear + log1p_unit(e), -label * select(score < 0, rest, s), s * rest)


cdef inline real gap_to(real margin, real y, real z) noexcept nogil:
    """margin - label z, and a nan where the label is one"""
    return (margin + nil(y)) + turned_against(y, z)


cdef inline Light hinge(real y, real z, const real* parameter) noexcept nogil:
    cdef real gap = gap_to(parameter[0], y, z)
    return Point(positive_part(gap), select(gap > 0, turned_against(y, 1), nil(gap)), nil(gap))


cdef inline Light squared_hinge(real y, real z, const real* parameter) noexcept nogil:
    cdef real gap = gap_to(parameter[0], y, z), c = positive_part(gap)
    return Point(c * c, turned_against(y, c + c), select(gap > 0, 2, nil(gap)))


cdef inline Light modified_huber(real y, real z, const real* parameter) noexcept nogil:
    """c is the gap clipped to [0, 2]: c (2 gap - c) is the value on all pieces, written so that only its own size overflows."""
    cdef real miss = gap_to(0, y, z), gap = <real>1 + miss
    cdef real c = select(miss > 1, 2, positive_part(gap))
    return Point(select(miss > 1, <real>4 * miss, c * c), turned_against(y, c + c), select((gap > 0) & (miss <= 1), 2, nil(gap)))


cdef inline Light perceptron(real y, real z, const real* parameter) noexcept nogil:
    cdef real gap = gap_to(0, y, z)
    return Point(positive_part(gap), select(gap > 0, turned_against(y, 1), nil(gap)), nil(gap))


cdef inline Point exponential(real y, real z, const real* parameter) noexcept nogil:
    cdef real value = vector_exp(gap_to(0, y, z))
    return Point(value, turned_against(y, value), value)


cdef inline Light hinge_embedding(real y, real p, const real* parameter) noexcept nogil:
    """The label is that of two things alike or not, and p their distance."""
    cdef real gap = parameter[0] - p, nothing = nil(y) + nil(p)
    cdef word alike = mask(y > 0)
    return Point(blend(alike, p, positive_part(gap)) + nil(y),
                 blend(alike, 1, select(gap > 0, -1, 0)) + nothing, nothing)
