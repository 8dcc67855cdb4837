# Exponentials with the digits that their rounding takes: for what is to be subtracted from them or multiplied with them.

cdef extern from "exponentials.h" nogil:
    const real INFINITE "((real)INFINITY)"
    real square_root(real x)
    real exp_tail(real r, real square)       # (exp(r) - 1 - r) / r^2 for |r| <= log(2)/2
    real log_tail(real f)                    # log(1 + f) - f for -1/4 <= f <= 1/2
    real log_parts(real x, real* rest)       # log(x) for finite x > 0, as a number of few bits and a rest
    Duo duo_exp(real x)
    Duo duo_exp_minus(real size, real rest)     # exp(-(size + rest)), rest being what rounding took from size
    real times_two_to(real x, real n)            # x 2^n for a whole n
    real times_exp(real x, real rest, real y)    # y exp(x + rest)
    Duo duo_times_exp(real x, real y)          # y exp(x)
    Duo duo_log_less(real y, real x)
    real log_less(real y, real x)                # log(y) - x
    real times_log_ratio(real t, real p)         # t log(t / p) for t != 0
    real usual_times_log_ratio(real t, real p)   # the same for t >= 0 and p > 0 of usual size, else a nan


cdef inline real exp_less(real x, real y) noexcept nogil:
    """exp(x) - y: where both are close, the difference of the high parts is exact."""
    cdef Duo e = duo_exp(x)
    return (e.high - y) + e.low
