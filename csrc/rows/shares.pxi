# The parts that the classes of a softmax have in a row, as exact as a link needs them.

cdef struct Share:
    # The part of one class, as its link sees it.
    real q
    real rest
    real rest_spill
    real log_q
    real log_spill


cdef inline Duo duo_exp_below(real z, real top) noexcept nogil:
    """exp(z - top)."""
    cdef real gap = top - z
    return duo_exp_minus(gap, rounded_off(top, -z, gap))


cdef inline Duo duo_sum(Duo a, real b, real b_low) noexcept nogil:
    cdef real high = a.high + b
    return duo(high, a.low + (rounded_off(a.high, b, high) + b_low))


cdef inline Share share_of(Duo e, real z, real top, Duo others, real log_total) noexcept nogil:
    """others is S - 1, log_total log S. A power of 1 - q magnifies its error, so that it is found as a sum of two numbers."""
    cdef real total = <real>1 + others.high, gap = top - z, missing = <real>1 - e.high
    cdef real total_low = rounded_off(1, others.high, total) + others.low
    cdef real cost = gap + log_total, rest = missing + others.high
    cdef real rest_low = rounded_off(missing, others.high, rest) + (((<real>1 - missing) - e.high) + (others.low - e.low))
    cdef Share share
    cdef Duo quotient = duo_divided(duo_where(e.high == 1, others, duo(rest, rest_low)), duo(total, total_low))
    share.rest = quotient.high
    share.rest_spill = quotient.low
    share.q = e.high / total
    share.log_q = -cost
    share.log_spill = -(rounded_off(gap, log_total, cost) + rounded_off(top, -z, gap))
    return share


cdef inline void keep_share(Shares* shares, Py_ssize_t i, real e, Share share) noexcept nogil:
    shares.e[i] = e
    shares.q[i] = share.q
    shares.rest[i] = share.rest
    shares.rest_spill[i] = share.rest_spill
    shares.log_q[i] = share.log_q
    shares.log_spill[i] = share.log_spill
