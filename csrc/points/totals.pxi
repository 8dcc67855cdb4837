# Points of the totals. `value`, `grad` and `hess` of a first pass are three sums; the gradient of a second follows from them.

cdef inline Light rmse(real y, real p, const real* parameter) noexcept nogil:
    """The residual and its square, lifted by a power of two where squares would leave the range."""
    cdef real lifted = (p - y) * parameter[0]
    return Point(lifted * lifted, lifted, 0)


cdef inline Point overlap(real t, real p, const real* parameter) noexcept nogil:
    """What two masks share, what the prediction adds and what it leaves out: none cancels when they are summed.

    The parameter is 0, or 1 for the complements of both masks."""
    cdef real truth = magnitude(parameter[0] - t), pred = magnitude(parameter[0] - p), excess = pred - truth
    return Point(select(pred < truth, pred, truth + nil(pred)), select(excess > 0, excess, nil(excess)),
                 select(excess < 0, -excess, nil(excess)))


cdef inline Point overlap_grad(real t, real p, const real* parameter) noexcept nogil:
    """The slope above the truth is the first parameter, that below it minus the second; at the tie hard truths have the one inwards."""
    cdef real above = parameter[0], below = -parameter[1]
    return Point(0, select(p < t, below, select(p > t, above, (<real>1 - t) * above + t * below)) + nil(p), 0)
