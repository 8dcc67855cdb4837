# Points of two classes that square a probability, or raise the one that was missed to a power. A power multiplies relative errors, so they
# compute with sums of two (duo.h).
#
# e = exp(-|z|), and e / (1 + e) and 1 / (1 + e) are the smaller and the larger probability. What raises to a power is there twice: by
# multiplication for whole exponents that are small, else by logarithms.

cdef struct Odds:
    Duo e           # exp(-|z|)
    Duo lifted      # the same times `lift`, with the digits that e loses below the smallest normal number
    Duo minor
    Duo major
    real near       # |z|, but no larger than it has to be for e to vanish
    word far        # whether lift is not 1
    real lift
    real drop       # 1 / lift


cdef inline Duo exponential_of(Duo x) noexcept nogil:
    cdef Power parts = exp_in_parts(x)
    cdef Duo one = exact_sum(1, parts.rest.high)
    return duo(one.high * parts.scale * parts.again, (one.low + parts.rest.low) * parts.scale * parts.again)


cdef inline Odds odds_of(real z, bint lifts) noexcept nogil:
    cdef Odds odds
    odds.near = magnitude(z)
    odds.near = select(odds.near > 8192, 8192, odds.near)
    odds.far = mask(odds.near > EXP_LIMIT * <real>0.75) if lifts else 0
    odds.lift = blend(odds.far, LIFT, 1)
    odds.drop = blend(odds.far, DROP, 1)
    # Beyond `last` |z| exp(-|z|) is 0, whatever sensible number it is multiplied by. Both are near enough to subtract exactly.
    cdef real last = EXP_LIMIT + <real>34
    cdef real exponent = blend(odds.far, LIFTED * LOG_2, 0) - (select(odds.near > last, last, odds.near) if lifts else odds.near)
    odds.lifted = exponential_of(duo(exponent, blend(odds.far, LIFTED * LOG_2_REST, 0)))
    odds.e = duo_scaled(odds.lifted, odds.drop)
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
    cdef Odds odds = odds_of(z, False)
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
    cdef Odds odds = odds_of(z, False)
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

    With k = e / (a + b e) all derivatives are sums of what is as small as they are: nothing is divided by what was missed. What is
    proportional to e is computed of the lifted one.
    """
    cdef real gamma = parameter[0], size = magnitude(z)
    cdef Odds odds = odds_of(z, True)
    cdef word up = mask(z > 0)
    cdef Duo q = complement(y), yes = duo(y, 0)
    cdef Duo a = duo_blend(up, q, yes), b = duo_blend(up, yes, q)
    cdef Duo missed = duo_plus(duo_times(a, odds.major), duo_times(b, odds.minor))
    cdef Duo factor = power(missed, gamma, whole)
    cdef Duo loss = duo_plus(scaled(a.high, duo(odds.near, 0)), duo_log1p(odds.e))
    cdef real balance = parameter[1] * y + parameter[2] * q.high
    cdef real value = rounded(duo_times(factor, loss))
    cdef real d = (a.high - b.high) + (a.low - b.low)
    cdef Duo unit = duo(1, 0), against = duo_scaled(a, odds.lift), right = duo_times(b, odds.lifted)
    cdef Duo share = inverse(duo_plus(against, right)), k = duo_times(odds.lifted, share)
    cdef Duo cost = duo_times(odds.lifted, duo_times(duo_scaled(loss, odds.lift), share))    # k times the loss, lifted
    cdef Duo difference = duo_plus(a, negative(duo_scaled(right, odds.drop)))
    cdef Duo slope = duo_plus(difference, scaled(gamma * d, duo_scaled(cost, odds.drop)))
    cdef real grad = balance * rounded(duo_times(factor, duo_times(odds.major, slope)))
    cdef Duo turn = scaled(<real>2 * gamma * d, duo_times(duo_plus(against, negative(right)), share))
    cdef Duo bend = duo_plus(scaled((gamma - 1) * (d * d), k), scaled(d, duo_plus(odds.e, negative(unit))))
    bend = duo_plus(duo_times(odds.lifted, duo_plus(unit, turn)), duo_times(scaled(gamma, cost), bend))
    cdef Duo density = duo_times(factor, duo_times(odds.major, odds.major))
    cdef real distant = select(size > LARGE, size, factor.high * (a.high * size))
    value = select(size > 8192, select(a.high != 0, distant, 0), value)
    return Point(balance * value, blend(up, grad, -grad), balance * rounded(duo_times(density, bend)) * odds.drop)


cdef inline Point binary_focal_logits(real y, real z, const real* parameter) noexcept nogil:
    return focal_of_logits(y, z, parameter, False)


cdef inline Point binary_focal_logits_whole(real y, real z, const real* parameter) noexcept nogil:
    return focal_of_logits(y, z, parameter, True)


cdef inline Wide wide_power(Duo x, real k, Duo exponent, bint whole) noexcept nogil:
    """(x 2^k)^exponent for x > 0 of any size but a denormal one."""
    cdef Wide result
    cdef real n = 0, near
    if not whole:
        return wide_exp(duo_times(exponent, duo_log_shifted(x.high, x.low, 0, k)))
    near = to_real(ONE + normalise(x.high, &n))
    result.factor = power(duo_scaled(x, near), exponent.high, True)
    result.exponent = exponent.high * (k - n)
    return result


cdef inline Point focal_of_probabilities(real y, real p, const real* parameter, bint whole) noexcept nogil:
    """With m = y (1 - p) + (1 - y) p that was missed, c the loss without the power, u = y / p and v = (1 - y) / (1 - p), all three are
    m^(gamma - 1) times something: m c, m (v - u) + gamma m' c, and
    u m / p + v m / (1 - p) + 2 gamma m' (v - u) + gamma (gamma - 1) m'^2 c / m.

    A p that is tiny brings numbers of any size together: m and c are lifted where both y and p are tiny, u is dropped where y is far larger
    than p, and the power keeps its exponent apart.
    """
    cdef real gamma = parameter[0], least = TINY * <real>1e-6
    cdef Duo q = complement(y), rest = complement(p), unit = duo(1, 0)
    cdef word tiny = mask(p < TINY), small = mask((p < least) & (y < least)), far = mask(y > p * GREAT)
    cdef real lift = blend(small, LIFT, 1), drop = blend(far, DROP, 1), lifted = blend(small, LIFTED, 0), dropped = blend(far, LIFTED, 0)
    cdef Duo missed = duo_plus(scaled(y * lift, rest), scaled(p * lift, q))
    cdef Wide base = wide_power(missed, -lifted, exact_sum(gamma, -1), whole)
    cdef Duo log_p = duo_log_of(duo(p, 0)), log_rest = duo_log(rest.high, rest.low, 0)
    cdef word yes = mask(y != 0), no = mask(q.high != 0)
    cdef Duo loss = negative(duo_plus(shared(yes, y * lift, log_p, p), shared(no, q.high * lift, log_rest, p)))
    cdef Duo share = duo_plus(scaled(parameter[1], duo(y, 0)), scaled(parameter[2], q)), factor = duo_times(base.factor, share)
    cdef real balance = share.high
    cdef real close = blend(tiny, LIFT, 1), turn = (q.high - y) + q.low, d = gamma * turn
    cdef Duo u = duo_over(duo(y * blend(far, 1, close), 0), duo(select(p == 0, 1, p * close), 0))
    cdef Duo v = duo_over(q, duo_where(rest.high == 0, unit, rest)), slope = duo_plus(duo_scaled(v, drop), negative(u))
    cdef Duo push = duo_plus(duo_times(missed, slope), scaled(d * drop, loss))
    cdef Duo curve = duo_times(u, duo_plus(duo_times(u, rest), duo_scaled(q, drop)))
    cdef Duo other = duo_plus(duo_times(v, duo_plus(duo(y, 0), scaled(p, v))), duo((gamma - 1) * turn * d * (loss.high / missed.high), 0))
    curve = duo_plus(duo_plus(curve, scaled(<real>2 * d * drop, slope)), duo_scaled(duo_scaled(other, drop), drop))
    cdef real value = times_two_to(rounded(duo_times(factor, duo_times(missed, loss))), base.exponent - (lifted + lifted))
    cdef real grad = times_two_to(rounded(duo_times(factor, push)), base.exponent + (dropped - lifted))
    cdef real hess = times_two_to(rounded(duo_times(factor, curve)), base.exponent + (dropped + dropped))
    # What is certain is right or wrong: nothing was missed, or the loss is infinite.
    cdef word right = mask(missed.high == 0), wrong = mask(loss.high > LARGE)
    return Point(blend(right, 0, blend(wrong, balance * INFINITE, value)),
                 blend(right, select(gamma > 0, 0, balance * turn), blend(wrong, balance * select(p > y, INFINITE, -INFINITE), grad)),
                 blend(right, balance * parameter[3], blend(wrong, balance * INFINITE, hess)))


cdef inline Point binary_focal(real y, real p, const real* parameter) noexcept nogil:
    return focal_of_probabilities(y, p, parameter, False)


cdef inline Point binary_focal_whole(real y, real p, const real* parameter) noexcept nogil:
    return focal_of_probabilities(y, p, parameter, True)


cdef inline Point asymmetric(real y, real z, const real* parameter, bint whole) noexcept nogil:
    """x = P - clip, where it is positive, costs -x^gamma log(1 - x); u = 1 - x is (1 - P) + clip."""
    cdef real gamma_neg = parameter[0], gamma_pos = parameter[1], clip = parameter[2], size = magnitude(z), q = <real>1 - y
    cdef Odds odds = odds_of(z, True)
    cdef word up = mask(z > 0)
    cdef Duo p = duo_blend(up, odds.major, odds.minor), rest = duo_blend(up, odds.minor, odds.major)
    cdef Duo log_rest = duo_log1p(odds.e)
    cdef Duo loss = duo_plus(duo(blend(up, 0, odds.near), 0), log_rest)
    cdef Duo factor = power(rest, gamma_pos, whole), missed = scaled(gamma_pos, duo_times(p, loss))
    cdef Duo turn = duo_plus(scaled(gamma_pos, p), negative(rest))
    cdef Duo bend = duo_plus(scaled(<real>1 + gamma_pos + gamma_pos, rest), scaled(gamma_pos, duo_times(loss, turn)))
    cdef real value_pos = rounded(duo_times(factor, loss))
    cdef real grad_pos = rounded(duo_times(factor, duo_plus(rest, missed)))
    # What is proportional to the smaller probability is computed of the lifted one, where z speaks against the label.
    cdef Duo minor = duo_times(odds.lifted, odds.major)
    cdef real hess_pos = rounded(duo_times(duo_times(factor, duo_blend(up, p, minor)), bend)) * blend(up, 1, odds.drop)
    value_pos = select(size > 8192, blend(up, 0, factor.high * size), value_pos)

    cdef Duo x = duo_plus(p, duo(-clip, 0)), u = duo_plus(rest, duo(clip, 0))
    cdef word clipped = mask(clip != 0)
    cdef Duo cost = duo_blend(clipped, negative(duo_log_of(u)), duo_plus(duo(blend(up, odds.near, 0), 0), log_rest))
    cdef Duo lifted = duo_blend(up, minor, odds.major), slope = duo_times(p, lifted), unit = duo(1, 0)
    cdef real drop = blend(up, odds.drop, 1), own = blend(clipped, drop, 1), other = blend(clipped, 1, drop)
    # Without a clip the first of these quotients is the probability, not lifted, and the second the rest; a P without an inverse has both.
    cdef Duo ratio = duo_blend(clipped, duo_times(slope, inverse(u)), p)
    cdef Duo quick = duo_blend(clipped, duo_times(slope, inverse(x)), lifted)
    cdef Duo grown = scaled(gamma_neg, duo_times(cost, quick))
    cdef Duo cut = duo_blend(clipped, scaled(clip, duo_times(p, inverse(u))), duo(0, 0))
    turn = duo_plus(scaled(gamma_neg - 1, duo_scaled(quick, drop)), duo_plus(rest, negative(p)))
    factor = power(duo_blend(mask(x.high > 0), x, unit), gamma_neg, whole)
    bend = duo_scaled(duo_plus(scaled(gamma_neg + gamma_neg, quick), lifted), own)
    bend = duo_plus(duo_times(grown, turn), duo_times(ratio, duo_plus(bend, negative(cut))))
    cdef bint inside = x.high > 0
    cdef real value_neg = rounded(duo_times(factor, cost))
    cdef real grad_neg = rounded(duo_times(factor, duo_plus(duo_scaled(grown, other), ratio))) * own
    cdef real hess_neg = rounded(duo_times(factor, bend)) * drop
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
