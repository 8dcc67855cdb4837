# Numbers with more digits than `real`. See fine.h.

cdef extern from "fine.h" nogil:
    ctypedef struct Fine:
        pass
    const bint FINE_IS_WIDE                 # whether its range is so wide that nothing has to be lifted
    Fine fine(real x)
    real nearest(Fine a)                    # rounded
    real nearest_product(Fine a, Fine b)    # rounded once in float32; in float64 of both rounded, which costs less
    Fine fine_mix(real y, real a, real b)   # a y + b (1 - y), likewise
    real leading(Fine a)                    # a real near it, to compare with
    Fine fine_sum(real a, real b)           # a + b exactly
    Fine fine_scaled(Fine a, real factor)   # by a power of two, or -1
    Fine fine_plus(Fine a, Fine b)
    Fine fine_above_1(Fine a)               # 1 + a for 0 <= a <= 1
    Fine fine_times(Fine a, Fine b)
    Fine fine_times_plus(Fine a, Fine b, Fine c)    # a b + c
    Fine fine_over(Fine a, Fine b)
    Fine fine_ratio(real factor, Fine a, Fine b)    # factor a / b, with the digits of a real
    real fine_mean(real y, Fine a, Fine b)          # y a + (1 - y) b; what has no share counts nothing, even if it is infinite
    Fine fine_blend(word where, Fine a, Fine b)
    Fine fine_size(real z)                  # |z|, or of a large one what may stand for it: its product with 0 is 0
    Fine fine_exp(Fine x)
    Fine fine_exp_minus(real size)          # exp(-size) for size >= 0
    Fine fine_log(Fine x)
    Fine fine_log_rest(Fine rest, Fine x)   # log(rest), which is 1 - x
    Fine fine_log1p(Fine x)                 # for 0 <= x <= 1
    Fine fine_raised(Fine x, real k, Fine exponent, real* n)    # (x 2^k)^exponent for x > 0, as a number times 2^n
    Fine fine_normalised(Fine x, real* n)                       # x 2^n near 1
