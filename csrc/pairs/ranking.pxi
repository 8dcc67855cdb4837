# Points of two scores.

cdef inline PairPoint margin_ranking(real y, real p, real q, const real* parameter) noexcept nogil:
    """The hinge of p - q; the label 0 stands for -1."""
    cdef real gap = (parameter[0] + nil(y)) + turned_against(y, p - q)
    cdef real slope = select(gap > 0, turned_against(y, 1), nil(gap))
    return PairPoint(positive_part(gap), slope, nil(gap), nil(gap) - slope, nil(gap))


cdef inline PairPoint multi_quantile(real y, real p, real q, const real* parameter) noexcept nogil:
    """q is the class's quantile, less 1 above 1/2, so that neither slope loses digits; parameter[0] is one over their number."""
    cdef word high = mask(q < 0)
    cdef real under = blend(high, <real>1 + q, q), over = blend(high, -q, <real>1 - q), r = p - y
    cdef real slope = select(r > 0, over, select(r < 0, -under, r)) * parameter[0]
    return PairPoint(slope * r, slope, nil(r), 0, 0)
