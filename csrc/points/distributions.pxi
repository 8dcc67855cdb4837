# Points of one class of a distribution: t its true probability, p the predicted one. A class with t = 0 counts nothing.

cdef inline Point cce(real t, real p, const real* parameter) noexcept nogil:
    cdef real eps = parameter[0], a = p + eps
    cdef real log_a = vector_log_sum(a, rounded_off(p, eps, a))
    cdef real u = t / a
    return Point(select(t != 0, <real>0 - t * log_a, nil(p)), select(t != 0, -u, nil(p)), select(t != 0, u / a, nil(p)))


cdef inline real log_quotient(word close, real difference, real lost, real t, real p) noexcept nogil:
    """log(t / p) by one division: where the two are close, of the difference t - p, from which rounding took `lost` times p; else of both
    brought near 1, since t / p may leave the range."""
    cdef real quotient = blend(close, difference, t * tame(t)) / blend(close, p, p * tame(p))
    cdef real u = blend(close, <real>1 + quotient, quotient)
    cdef real rest = blend(close, (quotient - (u - <real>1)) + lost, 0)
    return log_sum_shifted(u, rest, blend(close, 0, tamed_by(p) - tamed_by(t)))


cdef inline Point kl_divergence(real t, real p, const real* parameter) noexcept nogil:
    """A probability of -0 is 0."""
    p += 0
    cdef real u = t / p
    return Point(select(t != 0, times_log_ratio(t, p), nil(p)), select(t != 0, -u, nil(p)), select(t != 0, u / p, nil(p)))


cdef inline Usual kl_divergence_usual(real t, real p, const real* parameter) noexcept nogil:
    """Without a choice between usual numbers and others."""
    return Point(usual_times_log_ratio(t, p), select(t != 0, -(t / p), 0), 0)


# Where one of both is a logarithm: s = log t, x = log p.

cdef inline Point kl_divergence_log_pred(real t, real x, const real* parameter) noexcept nogil:
    return Point(select(t != 0, t * log_less(t, x), nil(x)), nil(x) - t, nil(x))


cdef inline Point kl_divergence_log_true(real s, real p, const real* parameter) noexcept nogil:
    """Neither exp(s) nor the quotient by p^2 leaves the range before their product does, if that can be had."""
    p += 0
    cdef real inverse = <real>1 / p, square = inverse * inverse, root = times_exp(s * <real>0.5, 0, inverse)
    cdef real hess = select((square >= LEAST_NORMAL) & (square <= LARGE), times_exp(s, 0, square), root * root)
    cdef bint counts = s != -INFINITE
    cdef Duo gap = duo_log_less(p, s)
    cdef real value = times_exp(s, select(magnitude(gap.high) >= LEAST_NORMAL, gap.low / gap.high, 0), -gap.high)
    return Point(select(counts, value, nil(p)), select(counts, -times_exp(s, 0, inverse), nil(p)),
                 select(counts, hess, nil(p)))


cdef inline Point kl_divergence_logs(real s, real x, const real* parameter) noexcept nogil:
    cdef bint counts = s != -INFINITE
    return Point(select(counts, times_exp(s, 0, s - x), nil(x)), nil(x) - vector_exp(s), nil(x))


cdef inline Point generalized_kl(real t, real x, const real* parameter) noexcept nogil:
    """With u = x - log t it is t (exp(u) - 1 - u). Where that cancels, it is t times (exp(h) - 1)^2 + 2 (exp(h) - 1 - h) with h = u / 2."""
    cdef real e = vector_exp(x), excess = exp_less(x, t), u = -log_less(t, x)
    cdef real half = u * <real>0.5, square = half * half
    cdef real tail = square * exp_tail(half, square), growth = half + tail
    cdef real value = select(magnitude(u) < <real>0.69, t * (growth * growth + (tail + tail)), excess - t * u)
    return Point(select(t != 0, select(e > LARGE, e + nil(t), value), e), excess, e)


cdef inline real above_log(real x, real root_step) noexcept nogil:
    """x (w - log(1 + w)) where sqrt(1 + w) = 1 + v: it is x (v^2 + 2 (v - log(1 + v))), of one sign, for -1/4 <= v <= 1/2."""
    cdef real tail = log_tail(root_step)
    return x * (root_step * root_step - (tail + tail))


cdef inline real log_of_mixture(real m, real x, real other, real share) noexcept nogil:
    """log(m / x) for m = x + share (other - x): where it is small it needs more digits of (m - x) / x than rounding leaves."""
    cdef real gap = other - x, step = share * gap, w = step / x
    cdef real lost_step = product_rest(share, gap, step) + share * rounded_off(other, -x, gap)
    cdef real lost = (remainder_of(step, w, x) + lost_step) / x
    return log_quotient(mask((m < x * <real>8) & (x < m * <real>8)), step, select(magnitude(lost) <= 1, lost, 0), m, x)


cdef inline Point js_divergence(real t, real p, const real* parameter) noexcept nogil:
    """With the mixture m = b t + c p: value b t log(t / m) + c p log(p / m). Tiny ones are lifted: of denormals too little would be left.

    m - t = c (p - t) and m - p = b (t - p) sum to 0 with the weights b and c: so they may be added to the terms, which leaves
    x (w - log(1 + w)) with w = (m - x) / x for both, of one sign and of second order where t is close to p.
    """
    cdef bint tiny = (t < TINY) & (p < TINY)
    cdef real lift = select(tiny, LIFT, 1), drop = select(tiny, DROP, 1)
    t *= lift
    p = p * lift + 0
    cdef real b = parameter[0], c = parameter[1]
    cdef real m = b * t + c * p, t_step = c * (p - t) / t, p_step = b * (t - p) / p
    cdef real log_t = log_of_mixture(m, t, p, c), log_p = log_of_mixture(m, p, t, b)
    cdef real far = <real>0 - (select(t != 0, b * t * log_t, nil(t)) + select(p != 0, c * p * log_p, nil(p)))
    cdef real t_root = t_step / (<real>1 + square_root(<real>1 + t_step))
    cdef real p_root = p_step / (<real>1 + square_root(<real>1 + p_step))
    cdef real near = b * above_log(t, t_root) + c * above_log(p, p_root)
    cdef bint close = (t_root > -<real>0.25) & (t_root < <real>0.5) & (p_root > -<real>0.25) & (p_root < <real>0.5)
    return Point(select(close, near, far) * drop,
                 <real>0 - c * select(t != 0, log_p, parameter[2] + nil(p)),
                 select(t != 0, c * (b * (t / m)) / p * lift, nil(p)))


cdef inline Light total_variation(real t, real p, const real* parameter) noexcept nogil:
    cdef real r = p - t
    return Point(magnitude(r) * <real>0.5, sign(r) * <real>0.5, nil(r))


cdef inline Point nll(real t, real p, const real* parameter) noexcept nogil:
    """Of the label's class alone, for which t is 1, or the class's weight."""
    return Point(select(t != 0, <real>0 - t * p, nil(p)), nil(p) - t, nil(p))
