# Points of counts and of amounts: y is counted or measured; z is the logarithm of the mean, or p the mean itself.

cdef inline Point poisson_nll(real y, real z, const real* parameter) noexcept nogil:
    cdef real e = vector_exp(z)
    cdef real linear = select(y != 0, y * z, nil(z))
    return Point(select(e > LARGE, e + nil(y), e - linear), exp_less(z, y), e)


cdef inline Point poisson_nll_full(real y, real z, const real* parameter) noexcept nogil:
    cdef Point point = poisson_nll(y, z, parameter)
    return Point(point.value + log_factorial(y), point.grad, point.hess)


cdef inline Point poisson_nll_mean(real y, real p, const real* parameter) noexcept nogil:
    """a = p + eps goes into the logarithm and the gradient with what rounding took from it."""
    cdef real eps = parameter[0], a = p + eps
    cdef real rest = rounded_off(p, eps, a)
    cdef real log_a = vector_log_sum(a, rest)
    cdef real u = y / a
    cdef bint counts = y != 0
    cdef real value = p - y * log_a
    return Point(select(p > LARGE, p + nil(y), select(counts, value, p + nil(y))),
                 select(counts, select(a > LARGE, <real>1 + nil(y), ((a - y) + rest) / a), <real>1 + nil(p)),
                 select(counts, u / a, nil(p)))


cdef inline Point poisson_nll_mean_full(real y, real p, const real* parameter) noexcept nogil:
    cdef Point point = poisson_nll_mean(y, p, parameter)
    return Point(point.value + log_factorial(y), point.grad, point.hess)


cdef inline real one_less(Duo u) noexcept nogil:
    """1 - u, which keeps its digits where u is near 1."""
    return (<real>1 - u.high) - u.low


cdef inline Point gamma_nll(real y, real z, const real* parameter) noexcept nogil:
    """u = y / mean. Where it is infinite it outgrows z."""
    cdef Duo u = duo_times_exp(-z, y)
    return Point(select(u.high > LARGE, u.high, z + u.high), one_less(u), u.high)


cdef inline Point gamma_nll_mean(real y, real p, const real* parameter) noexcept nogil:
    cdef real hess = (((y - p * <real>0.5) / p) * <real>2 / p) / p
    return Point(vector_log(p) + y / p,
                 select(p > LARGE, nil(y), ((p - y) / p) / p),
                 select(p > LARGE, nil(y), hess))


cdef inline Point inverse_gaussian_nll(real y, real z, const real* parameter) noexcept nogil:
    """All three are exp(-z) times a line in u = y / mean: so they overflow where the truth does, and with its sign."""
    cdef Duo u = duo_times_exp(-z, y)
    cdef real value = u.high * <real>0.5 - <real>1
    cdef real hess = (u.high * <real>2 - <real>1) + u.low * <real>2
    return Point(times_exp(-z, 0, value + u.low * <real>0.5), times_exp(-z, 0, one_less(u)), times_exp(-z, 0, hess))


cdef inline Point inverse_gaussian_nll_mean(real y, real p, const real* parameter) noexcept nogil:
    """For an infinite mean all three are 0."""
    cdef real u = y / p
    cdef real grad = (((p - y) / p) / p) / p
    cdef real hess = (((y * <real>1.5 - p) / p * <real>2 / p) / p) / p
    return Point((u * <real>0.5 - <real>1) / p, select(p > LARGE, nil(y), grad), select(p > LARGE, nil(y), hess))


cdef inline Point negative_binomial_nll(real y, real z, const real* parameter) noexcept nogil:
    """c = 1 / theta. As log(exp(z) + c) = z + log(1 + c exp(-z)), a mean above c costs c z + (y + c) log(1 + c / mean): nothing cancels.

    The derivatives are quotients of exp(-|z|), which does not overflow.
    """
    cdef real theta = parameter[0], c = <real>1 / theta
    cdef real c_rest = remainder_of(1, c, theta) / theta
    cdef word above = mask(z > -vector_log(theta))
    cdef Duo e = duo_exp(z), q = duo_times_exp(-z, c)
    cdef real fixed = blend(above, 1, c), moving = blend(above, q.high, e.high), total = fixed + moving
    cdef real rest = rounded_off(fixed, moving, total) + blend(above, q.low + q.high * (c_rest * theta), e.low + c_rest)
    cdef real logarithm = vector_log_sum(total, rest)
    cdef real slope = blend(above, c, -y), count = y + c
    cdef real linear = select(slope != 0, slope * z, nil(z))
    cdef word positive = mask(z > 0)
    cdef Duo small = duo_exp(-magnitude(z)), part = duo_times_exp(-magnitude(z), blend(positive, y, 1))
    cdef real numerator = blend(positive, one_less(part), (part.high - y) + part.low)
    cdef real larger = blend(positive, theta, 1), smaller = blend(positive, small.high, theta * small.high)
    cdef real denominator = larger + smaller
    cdef real lost = rounded_off(larger, smaller, denominator) + blend(
        positive, small.low, product_rest(theta, small.high, smaller) + theta * small.low)
    cdef real shrink = lost / denominator
    cdef real grad = numerator / denominator, curve = (<real>1 + theta * y) / denominator
    curve = corrected(curve, -curve * (shrink + shrink))
    cdef real hess = select(curve / denominator <= LARGE, times_exp(-magnitude(z), 0, curve / denominator),
                            times_exp(-magnitude(z), 0, curve) / denominator)
    cdef real value = multiply_add(count, logarithm, multiply_add(rounded_off(y, c, count) + c_rest, logarithm, linear))
    return Point(select(y > LARGE, y + nil(z), value), corrected(grad, -grad * shrink), hess)


cdef inline real missing(real factor, real factor_rest, real z) noexcept nogil:
    """What factor * z lacks for the exact (factor + factor_rest) z."""
    return product_rest(factor, z, factor * z) + factor_rest * z


cdef inline real either(real a, real b, real instead) noexcept nogil:
    """a - b, or if both are infinite what has been computed without them."""
    return select((magnitude(a) > LARGE) & (magnitude(b) > LARGE), instead, a - b)


cdef inline real difference_of_powers(real z, real az, real rest_a, real bz, real rest_b, real first, real second) noexcept nogil:
    """first exp(a z) - second exp(b z), where a - b = 1; of two that overflow the one that grows faster is a common factor."""
    cdef word positive = mask(z > 0)
    cdef real inside = blend(positive, first, times_exp(z, 0, first)) - blend(positive, times_exp(-z, 0, second), second)
    return either(times_exp(az, rest_a, first), times_exp(bz, rest_b, second),
                  times_exp(blend(positive, az, bz), blend(positive, rest_a, rest_b), inside))


cdef inline Point tweedie_nll(real y, real z, const real* parameter) noexcept nogil:
    """With a = 2 - power and b = 1 - power, each in two numbers. An error in a z would become one of exp(a z), |a z| times as large:
    so none is made."""
    cdef real a = parameter[0] + parameter[1], b = parameter[2] + parameter[3], az = a * z, bz = b * z
    cdef real rest_a = missing(a, (parameter[0] - a) + parameter[1], z), rest_b = missing(b, (parameter[2] - b) + parameter[3], z)
    return Point(difference_of_powers(z, az, rest_a, bz, rest_b, <real>1 / a, y / b),
                 difference_of_powers(z, az, rest_a, bz, rest_b, 1, y),
                 difference_of_powers(z, az, rest_a, bz, rest_b, a, b * y))


cdef inline Point tweedie_nll_normal(real y, real z, const real* parameter) noexcept nogil:
    """Power 0: half the square of r = exp(z) - y, and of what rounding takes from r."""
    cdef Duo e = duo_exp(z)
    cdef real difference = e.high - y
    cdef real rest = select(magnitude(difference) <= LARGE, rounded_off(e.high, -y, difference) + e.low, 0)
    cdef real r = difference + rest
    cdef real value = multiply_add(rest - (r - difference), r, r * (r * <real>0.5)), bend = difference + e.high
    cdef real curve = bend + select(magnitude(bend) <= LARGE, rounded_off(difference, e.high, bend) + (rest + e.low), 0)
    return Point(select(r * r > LARGE, r * r, value), times_exp(z, 0, r), times_exp(z, 0, curve))


cdef inline Duo log_split(real p) noexcept nogil:
    """log p in two numbers; in one where it is infinite or nan."""
    cdef Duo z
    cdef word regular = mask(p > 0) & mask(p <= LARGE)
    z.high = blend(regular, log_parts(p, &z.low), vector_log(p))
    z.low = blend(regular, z.low, 0)
    return z


cdef inline real power_times(real exponent, real rest, Duo z, real factor) noexcept nogil:
    """factor exp((exponent + rest) z), which overflows where the product does and not where the power alone would."""
    cdef real head = exponent * z.high
    cdef real lower = select(magnitude(head) <= LARGE, missing(exponent, rest, z.high) + exponent * z.low, 0), x = head + lower
    return times_exp(x, lower - (x - head), factor)


cdef inline real endless(real exponent) noexcept nogil:
    """The limit of p^exponent for large p."""
    return blend(mask(exponent > 0), INFINITE, 0)


cdef inline Point tweedie_nll_mean(real y, real p, const real* parameter) noexcept nogil:
    """a and b as above; the other exponents are b - 1 and b - 2. Of two terms that overflow p^a is a common factor, or p^b."""
    cdef real a = parameter[0] + parameter[1], b = parameter[2] + parameter[3]
    cdef real rest_a = (parameter[0] - a) + parameter[1], rest_b = (parameter[2] - b) + parameter[3]
    cdef real c = b - <real>1, d = b - <real>2, u = y / p
    cdef Duo z = log_split(p)
    cdef word above = mask(p > 1), fits = mask(magnitude(c * u) <= LARGE), infinite = mask(p > LARGE)
    cdef real inside = blend(above, <real>1 / a - u / b, p / a - y / b)
    cdef real value = either(power_times(a, rest_a, z, <real>1 / a), power_times(b, rest_b, z, y / b),
                             power_times(blend(above, a, b), blend(above, rest_a, rest_b), z, inside))
    cdef real grad = power_times(c, rounded_off(b, -1, c) + rest_b, z, p - y)
    cdef real exponent = blend(fits, c, d)
    cdef real hess = power_times(exponent, rounded_off(b, -blend(fits, 1, 2), exponent) + rest_b, z, blend(fits, b - c * u, b * p - c * y))
    return Point(blend(infinite, endless(a) / a, value), blend(infinite, endless(b), grad), blend(infinite, b * endless(c), hess))
