# Points of two classes that square a probability, or raise the one that was missed to a power. A power multiplies relative errors, so they
# compute with sums of two (duo.h).
#
# e = exp(-|z|), and e / (1 + e) and 1 / (1 + e) are the smaller and the larger probability. What raises to a power is there twice: by
# multiplication for whole exponents that are small, else by logarithms.

cdef struct Odds:
    Duo e           # exp(-|z|)
    Duo minor
    Duo major
    real near       # |z|, but no larger than it has to be for e to vanish


cdef inline Duo exponential_of(Duo x) noexcept nogil:
    cdef Power parts = exp_in_parts(x)
    cdef Duo one = exact_sum(1, parts.rest.high)
    return duo(one.high * parts.scale * parts.again, (one.low + parts.rest.low) * parts.scale * parts.again)


cdef inline Odds odds_of(real z) noexcept nogil:
    cdef Odds odds
    odds.near = magnitude(z)
    odds.near = select(odds.near > 8192, 8192, odds.near)
    odds.e = exponential_of(duo(-odds.near, 0))
    odds.major = inverse(duo_plus(duo(1, 0), odds.e))
    odds.minor = duo_times(odds.e, odds.major)
    return odds


cdef inline Duo negative(Duo x) noexcept nogil:
    return duo_scaled(x, -1)


cdef inline Duo inverse(Duo x) noexcept nogil:
    return duo_over(duo(1, 0), x)


cdef inline Duo scaled(real factor, Duo x) noexcept nogil:
    return duo_times(duo(factor, 0), x)


cdef inline Duo complement(real x) noexcept nogil:
    cdef real rest = <real>1 - x
    return duo(rest, (<real>1 - rest) - x)


cdef inline Duo shared(word some, real share, Duo x, real p) noexcept nogil:
    """What has no share counts nothing, even if it is infinite."""
    return duo_blend(some, scaled(share, x), duo(nil(p), 0))


cdef inline Duo power(Duo x, real exponent, bint whole) noexcept nogil:
    """x^exponent for x >= 0; a whole exponent below 8 by its binary digits."""
    cdef real vanishing, n = exponent
    cdef bint four, two, one
    cdef Duo square, result, unit = duo(1, 0)
    if not whole:
        result = exponential_of(scaled(exponent, duo_log_of(x)))
        vanishing = select(exponent == 0, 1, nil(x.high))
        return duo_blend(mask(x.high > 0), result, duo(vanishing, 0))
    four = n >= 4
    n -= select(four, 4, 0)
    two = n >= 2
    n -= select(two, 2, 0)
    one = n >= 1
    square = duo_times(x, x)
    result = duo_blend(mask(one), x, unit)
    result = duo_times(result, duo_blend(mask(two), square, unit))
    return duo_times(result, duo_blend(mask(four), duo_times(square, square), unit))


cdef inline Point bce_logits_weighted(real y, real z, const real* parameter) noexcept nogil:
    """As `bce_logits`, with weights of yes and no that need not add up to 1, of which the smoothed truth leaves none 0."""
    cdef real size = magnitude(z)
    cdef Odds odds = odds_of(z)
    cdef word up = mask(z > 0)
    cdef Duo shift = duo(parameter[2], 0)
    cdef Duo yes = scaled(parameter[3], duo_plus(scaled(y, duo(parameter[1], 0)), shift))
    cdef Duo no = duo_plus(scaled(parameter[1], complement(y)), shift)
    cdef Duo a = duo_blend(up, no, yes), b = duo_blend(up, yes, no), both = duo_plus(yes, no)
    cdef real value = rounded(duo_plus(scaled(odds.near, a), duo_times(both, duo_log1p(odds.e))))
    cdef real grad = rounded(duo_plus(duo_times(a, odds.major), negative(duo_times(b, odds.minor))))
    value = select(size > 8192, select(a.high != 0, a.high * size, 0), value)
    return Point(value, blend(up, grad, -grad), rounded(duo_times(both, duo_times(odds.minor, odds.major))))


cdef inline Point brier_logits(real y, real z, const real* parameter) noexcept nogil:
    """r is how far the probability is off, seen from the class that z speaks for."""
    cdef Odds odds = odds_of(z)
    cdef word up = mask(z > 0)
    cdef Duo q = complement(y), yes = duo(y, 0)
    cdef Duo r = duo_plus(duo_times(duo_blend(up, q, yes), odds.major), negative(duo_times(duo_blend(up, yes, q), odds.minor)))
    cdef Duo slope = duo_times(odds.minor, odds.major)
    cdef Duo bend = duo_plus(slope, negative(duo_times(r, duo_plus(odds.major, negative(odds.minor)))))
    cdef real grad = <real>2 * rounded(duo_times(r, slope))
    return Point(rounded(duo_times(r, r)), blend(up, grad, -grad), <real>2 * rounded(duo_times(slope, bend)))


cdef inline Point focal_of_logits(real y, real z, const real* parameter, bint whole) noexcept nogil:
    """a and b are the truth's shares of the class that z speaks against and for: a / (1 + e) + b e / (1 + e) was missed, and the loss
    without the power is a |z| + log(1 + e).

    With k = e / (a + b e), which is 1 where a = 0, all derivatives are sums of what is as small as they are: nothing is divided by what
    was missed.
    """
    cdef real gamma = parameter[0], size = magnitude(z)
    cdef Odds odds = odds_of(z)
    cdef word up = mask(z > 0)
    cdef Duo q = complement(y), yes = duo(y, 0)
    cdef Duo a = duo_blend(up, q, yes), b = duo_blend(up, yes, q)
    cdef Duo missed = duo_plus(duo_times(a, odds.major), duo_times(b, odds.minor))
    cdef Duo factor = power(missed, gamma, whole)
    cdef Duo loss = duo_plus(scaled(a.high, duo(odds.near, 0)), duo_log1p(odds.e))
    cdef real balance = parameter[1] * y + parameter[2] * q.high
    cdef real value = rounded(duo_times(factor, loss))
    cdef Duo be = duo_times(b, odds.e)
    cdef real d = (a.high - b.high) + (a.low - b.low)
    cdef word right = mask(a.high == 0)
    cdef Duo unit = duo(1, 0), share = inverse(duo_plus(a, be))
    cdef Duo k = duo_blend(right, unit, duo_times(odds.e, share)), difference = duo_plus(a, negative(be))
    cdef Duo slope = duo_plus(difference, duo_times(scaled(gamma * d, k), loss))
    cdef real grad = balance * rounded(duo_times(factor, duo_times(odds.major, slope)))
    cdef Duo against = scaled(<real>2 * gamma * d, duo_blend(right, negative(unit), duo_times(difference, share)))
    cdef Duo bend = duo_plus(scaled((gamma - 1) * (d * d), k), scaled(d, duo_plus(odds.e, negative(unit))))
    bend = duo_plus(duo_times(odds.e, duo_plus(unit, against)), duo_times(scaled(gamma, duo_times(k, loss)), bend))
    cdef Duo density = duo_times(factor, duo_times(odds.major, odds.major))
    value = select(size > 8192, select(a.high != 0, factor.high * (a.high * size), 0), value)
    return Point(balance * value, blend(up, grad, -grad), balance * rounded(duo_times(density, bend)))


cdef inline Point binary_focal_logits(real y, real z, const real* parameter) noexcept nogil:
    return focal_of_logits(y, z, parameter, False)


cdef inline Point binary_focal_logits_whole(real y, real z, const real* parameter) noexcept nogil:
    return focal_of_logits(y, z, parameter, True)


cdef inline Point focal_of_probabilities(real y, real p, const real* parameter, bint whole) noexcept nogil:
    """m = 1 - p_t was missed. The second derivative is as large as m^(gamma - 1), so this is the power that is taken and multiplied with m,
    unless gamma < 1 (`sharp`), where it may overflow: then it is m^gamma that is divided by m."""
    cdef real gamma = parameter[0], nothing = nil(p)
    cdef bint sharp = gamma < 1
    cdef Duo q = complement(y), rest = complement(p), unit = duo(1, 0)
    cdef Duo missed = duo_plus(scaled(y, rest), scaled(p, q))
    cdef real m = missed.high
    cdef Duo base = power(missed, parameter[3], whole), factor = duo_blend(mask(sharp), unit, missed)
    cdef real log_p = vector_log(p), log_rest = vector_log_sum(rest.high, rest.low)
    cdef word yes = mask(y != 0), no = mask(q.high != 0)
    cdef Duo loss = negative(duo_plus(shared(yes, y, duo(log_p, 0), p), shared(no, q.high, duo(log_rest, 0), p)))
    cdef real balance = parameter[1] * y + parameter[2] * q.high
    cdef Duo u = shared(yes, y, inverse(duo(p, 0)), p), v = shared(no, q.high, inverse(rest), p)
    cdef Duo slope = duo_plus(v, negative(u))
    cdef real d = gamma * ((q.high - y) + q.low)
    cdef word far = mask(loss.high > 8192)          # the loss is infinite, and small beside its derivatives
    cdef Duo near = duo_blend(far, duo(8192, 0), loss)
    cdef Duo growth = duo_blend(mask(m != 0), duo_times(near, inverse(missed)), unit)
    cdef Duo push = scaled(d, duo_blend(mask(sharp), growth, near))
    cdef real steep = slope.high
    cdef real tilt = select(steep > GREAT, GREAT, select(steep < -GREAT, -GREAT, steep))
    cdef real curve = select(q.high != 0, v.high / rest.high, nothing) + select(y != 0, u.high / p, nothing)
    cdef real mixed = base.high * (d * (tilt + tilt) + (gamma - 1) * (q.high - y) * d * growth.high)
    cdef real over = select(m != 0, mixed / m, select(gamma > 0, <real>1 / m, nothing))
    return Point(balance * rounded(duo_times(duo_times(base, factor), loss)),
                 balance * rounded(duo_times(base, duo_plus(duo_times(factor, slope), push))),
                 balance * (base.high * (factor.high * curve) + select(sharp, over, mixed)))


cdef inline Point binary_focal(real y, real p, const real* parameter) noexcept nogil:
    return focal_of_probabilities(y, p, parameter, False)


cdef inline Point binary_focal_whole(real y, real p, const real* parameter) noexcept nogil:
    return focal_of_probabilities(y, p, parameter, True)


cdef inline Point asymmetric(real y, real z, const real* parameter, bint whole) noexcept nogil:
    """x = P - clip, where it is positive, costs -x^gamma log(1 - x); u = 1 - x is (1 - P) + clip."""
    cdef real gamma_neg = parameter[0], gamma_pos = parameter[1], clip = parameter[2], size = magnitude(z), q = <real>1 - y
    cdef Odds odds = odds_of(z)
    cdef word up = mask(z > 0)
    cdef Duo p = duo_blend(up, odds.major, odds.minor), rest = duo_blend(up, odds.minor, odds.major)
    cdef Duo log_rest = duo_log1p(odds.e)
    cdef Duo loss = duo_plus(duo(blend(up, 0, odds.near), 0), log_rest)
    cdef Duo factor = power(rest, gamma_pos, whole), missed = scaled(gamma_pos, duo_times(p, loss))
    cdef Duo turn = duo_plus(scaled(gamma_pos, p), negative(rest))
    cdef Duo bend = duo_plus(scaled(<real>1 + gamma_pos + gamma_pos, rest), scaled(gamma_pos, duo_times(loss, turn)))
    cdef real value_pos = rounded(duo_times(factor, loss))
    cdef real grad_pos = rounded(duo_times(factor, duo_plus(rest, missed)))
    cdef real hess_pos = rounded(duo_times(duo_times(factor, p), bend))
    value_pos = select(size > 8192, blend(up, 0, factor.high * size), value_pos)

    cdef Duo x = duo_plus(p, duo(-clip, 0)), u = duo_plus(rest, duo(clip, 0))
    cdef word clipped = mask(clip != 0)
    cdef Duo cost = duo_blend(clipped, negative(duo_log_of(u)), duo_plus(duo(blend(up, odds.near, 0), 0), log_rest))
    cdef Duo slope = duo_times(p, rest), unit = duo(1, 0)
    cdef Duo ratio = duo_blend(clipped, duo_times(slope, inverse(u)), p)
    # Without a clip this quotient is the rest, and a P without an inverse has one too.
    cdef Duo quick = duo_blend(clipped, duo_times(slope, inverse(x)), rest)
    cdef Duo grown = scaled(gamma_neg, duo_times(cost, quick))
    cdef Duo cut = duo_blend(clipped, scaled(clip, duo_times(p, inverse(u))), duo(0, 0))
    turn = duo_plus(scaled(gamma_neg - 1, quick), duo_plus(rest, negative(p)))
    factor = power(duo_blend(mask(x.high > 0), x, unit), gamma_neg, whole)
    bend = duo_plus(duo_times(grown, turn), duo_times(ratio, duo_plus(scaled(gamma_neg + gamma_neg, quick), duo_plus(rest, negative(cut)))))
    cdef bint inside = x.high > 0
    cdef real value_neg = rounded(duo_times(factor, cost))
    cdef real grad_neg = rounded(duo_times(factor, duo_plus(grown, ratio)))
    cdef real hess_neg = rounded(duo_times(factor, bend))
    value_neg = select((size > 8192) & (clip == 0), blend(up, factor.high * size, 0), value_neg)
    value_neg = select(inside, value_neg, nil(z))
    grad_neg = select(inside, grad_neg, nil(z))
    hess_neg = select(inside, hess_neg, nil(z))
    return Point(select(y != 0, y * value_pos, nil(z)) + select(q != 0, q * value_neg, nil(z)),
                 q * grad_neg - y * grad_pos, q * hess_neg + y * hess_pos)


cdef inline Point asymmetric_bce(real y, real z, const real* parameter) noexcept nogil:
    return asymmetric(y, z, parameter, False)


cdef inline Point asymmetric_bce_whole(real y, real z, const real* parameter) noexcept nogil:
    return asymmetric(y, z, parameter, True)
