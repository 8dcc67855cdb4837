# Points of two classes that square a probability, or raise the one that was missed to a power. A power multiplies relative errors, so they
# compute with more digits than they have (fine.h).
#
# e = exp(-|z|), and e / (1 + e) and 1 / (1 + e) are the smaller and the larger probability. What raises to a power is there twice: by
# multiplication for whole exponents that are small, else by logarithms; from logits, for the exponent 2, by itself.

cdef enum Exponent:
    ANY, WHOLE, TWO


cdef struct Odds:
    Fine e          # exp(-|z|)
    Fine lifted     # the same times `lift`, with the digits that e loses below the smallest normal number
    Fine minor
    Fine major
    Fine size       # |z|, as fine_size
    word far        # whether lift is not 1
    real lift
    real drop       # 1 / lift


cdef inline void lift_odds(real near, Odds* odds) noexcept nogil:
    """Beyond `last` |z| exp(-|z|) is 0, whatever sensible number it is multiplied by. Both are near enough to subtract exactly."""
    cdef real last = EXP_LIMIT + <real>34
    odds.far = mask(near > EXP_LIMIT * <real>0.75)
    odds.lift = blend(odds.far, LIFT, 1)
    odds.drop = blend(odds.far, DROP, 1)
    cdef real exponent = blend(odds.far, LIFTED * LOG_2, 0) - select(near > last, last, near)
    odds.lifted = fine_exp(fine_sum(exponent, blend(odds.far, LIFTED * LOG_2_REST, 0)))
    odds.e = fine_scaled(odds.lifted, odds.drop)


cdef inline Odds odds_of(real z, bint may_lift) noexcept nogil:
    cdef Odds odds
    odds.size = fine_size(z)
    if may_lift and not FINE_IS_WIDE:
        lift_odds(leading(odds.size), &odds)
    else:
        odds.far = 0
        odds.lift = odds.drop = 1
        odds.e = odds.lifted = fine_exp_minus(magnitude(z))
    odds.major = inverse(fine_above_1(odds.e))
    odds.minor = fine_times(odds.e, odds.major)
    return odds


cdef inline Fine negative(Fine x) noexcept nogil:
    return fine_scaled(x, -1)


cdef inline Fine inverse(Fine x) noexcept nogil:
    return fine_over(fine(1), x)


cdef inline Fine scaled(real factor, Fine x) noexcept nogil:
    return fine_times(fine(factor), x)


cdef inline Fine complement(real x) noexcept nogil:
    return fine_sum(1, -x)


cdef inline real less_twice(real y) noexcept nogil:
    """1 - 2 y"""
    cdef real rest = <real>1 - y
    return (rest - y) + ((<real>1 - rest) - y)


cdef inline Fine shared(word some, real share, Fine x, real p) noexcept nogil:
    """What has no share counts nothing, even if it is infinite."""
    return fine_blend(some, scaled(share, x), fine(nil(p)))


cdef inline Fine power(Fine x, real exponent, Exponent kind) noexcept nogil:
    """x^exponent for x >= 0; a whole exponent below 8 by its binary digits."""
    cdef real vanishing, n = exponent
    cdef bint four, two, one
    cdef Fine square, result, unit = fine(1)
    if kind == TWO:
        return fine_times(x, x)
    if kind == ANY:
        result = fine_exp(scaled(exponent, fine_log(x)))
        vanishing = select(exponent == 0, 1, nil(leading(x)))
        return fine_blend(mask(leading(x) > 0), result, fine(vanishing))
    four = n >= 4
    n -= select(four, 4, 0)
    two = n >= 2
    n -= select(two, 2, 0)
    one = n >= 1
    square = fine_times(x, x)
    result = fine_blend(mask(one), x, unit)
    result = fine_times(result, fine_blend(mask(two), square, unit))
    return fine_times(result, fine_blend(mask(four), fine_times(square, square), unit))


cdef inline Point bce_logits_weighted(real y, real z, const real* parameter) noexcept nogil:
    """As `bce_logits`, with weights of yes and no that need not add up to 1, of which the smoothed truth leaves none 0."""
    cdef real size = magnitude(z)
    cdef Odds odds = odds_of(z, False)
    cdef word up = mask(z > 0)
    cdef Fine slope = fine(parameter[1]), shift = fine(parameter[2])
    cdef Fine yes = scaled(parameter[3], fine_times_plus(slope, fine(y), shift)), no = fine_times_plus(slope, complement(y), shift)
    cdef Fine a = fine_blend(up, no, yes), b = fine_blend(up, yes, no), both = fine_plus(yes, no)
    cdef real value = nearest(fine_times_plus(odds.size, a, fine_times(both, fine_log1p(odds.e))))
    cdef real grad = nearest(fine_times(odds.major, fine_times_plus(negative(b), odds.e, a)))
    if not FINE_IS_WIDE:
        value = select(size > 8192, select(leading(a) != 0, leading(a) * size, 0), value)
    return Point(value, blend(up, grad, -grad), nearest(fine_times(both, fine_times(odds.minor, odds.major))))


cdef inline Point brier_logits(real y, real z, const real* parameter) noexcept nogil:
    """r is how far the probability is off, seen from the class that z speaks for."""
    cdef Odds odds = odds_of(z, False)
    cdef word up = mask(z > 0)
    cdef Fine q = complement(y), yes = fine(y)
    cdef Fine r = fine_times(odds.major, fine_times_plus(negative(fine_blend(up, yes, q)), odds.e, fine_blend(up, q, yes)))
    cdef Fine slope = fine_times(odds.minor, odds.major)
    cdef Fine bend = fine_times_plus(negative(r), fine_plus(odds.major, negative(odds.minor)), slope)
    cdef real grad = <real>2 * nearest(fine_times(r, slope))
    return Point(nearest(fine_times(r, r)), blend(up, grad, -grad), <real>2 * nearest(fine_times(slope, bend)))


cdef struct Miss:
    # a and b are the truth's shares of the class that z speaks against and for: (a + b e) / (1 + e) was missed.
    Fine against, right         # a and b e, lifted
    Fine either                 # their sum
    Fine missed
    Fine loss                   # without the power: a |z| + log(1 + e)
    Fine difference             # a - b e
    real leading_against
    real d                      # 1 - 2 y, or where z speaks against the label -(1 - 2 y)
    Fine balance                # the weight of the truth


cdef inline Miss miss_of(real y, real z, const Odds* odds, const real* parameter) noexcept nogil:
    cdef Miss miss
    cdef word up = mask(z > 0)
    cdef Fine q = complement(y), yes = fine(y), a = fine_blend(up, q, yes), b = fine_blend(up, yes, q)
    cdef real turn = less_twice(y)
    miss.against = fine_scaled(a, odds.lift)
    miss.right = fine_times(b, odds.lifted)
    miss.either = fine_plus(miss.against, miss.right)
    miss.missed = fine_scaled(fine_times(miss.either, odds.major), odds.drop)
    miss.loss = fine_times_plus(odds.size, a, fine_log1p(odds.e))
    miss.difference = fine_plus(a, negative(fine_scaled(miss.right, odds.drop)))
    miss.leading_against = blend(up, <real>1 - y, y)
    miss.d = blend(up, turn, -turn)
    miss.balance = fine_mix(y, parameter[1], parameter[2])
    return miss


cdef inline real focal_value(const Miss* miss, Fine factor, real z) noexcept nogil:
    """Far out, where exp(-|z|) is 0, the loss without the power is a |z|."""
    cdef real size = magnitude(z), value = nearest_product(miss.balance, fine_times(factor, miss.loss))
    cdef real distant = size if FINE_IS_WIDE else select(size > LARGE, size, leading(factor) * (miss.leading_against * size))
    return select(size > (LARGE if FINE_IS_WIDE else 8192), leading(miss.balance) * select(miss.leading_against != 0, distant, 0), value)


cdef inline real focal_grad(const Miss* miss, Fine slope, real z) noexcept nogil:
    cdef real grad = nearest_product(miss.balance, slope)
    return select(z > 0, grad, -grad)


cdef inline Point focal_of_logits(real y, real z, const real* parameter, Exponent kind) noexcept nogil:
    """With k = e / (a + b e) all derivatives are sums of what is as small as they are: nothing is divided by what was missed. What is
    proportional to e is computed of the lifted one.
    """
    cdef real gamma = parameter[0]
    cdef Odds odds = odds_of(z, True)
    cdef Miss miss = miss_of(y, z, &odds, parameter)
    cdef Fine factor = power(miss.missed, gamma, kind)
    cdef Fine unit = fine(1), share = inverse(miss.either), k = fine_times(odds.lifted, share)
    cdef Fine cost = fine_times(odds.lifted, fine_times(fine_scaled(miss.loss, odds.lift), share))  # k times the loss, lifted
    cdef Fine slope = fine_times_plus(fine(gamma * miss.d), fine_scaled(cost, odds.drop), miss.difference)
    cdef Fine tilt = scaled(<real>2 * gamma * miss.d, fine_times(fine_plus(miss.against, negative(miss.right)), share))
    cdef Fine bend = fine_plus(scaled((gamma - 1) * (miss.d * miss.d), k), scaled(miss.d, fine_plus(odds.e, negative(unit))))
    bend = fine_plus(fine_times(odds.lifted, fine_plus(unit, tilt)), fine_times(scaled(gamma, cost), bend))
    cdef Fine density = fine_times(factor, fine_times(odds.major, odds.major))
    return Point(focal_value(&miss, factor, z), focal_grad(&miss, fine_times(factor, fine_times(odds.major, slope)), z),
                 nearest_product(miss.balance, fine_times(density, bend)) * odds.drop)


cdef inline Point binary_focal_logits(real y, real z, const real* parameter) noexcept nogil:
    return focal_of_logits(y, z, parameter, ANY)


cdef inline Point binary_focal_logits_whole(real y, real z, const real* parameter) noexcept nogil:
    return focal_of_logits(y, z, parameter, WHOLE)


cdef inline Point binary_focal_logits_squared(real y, real z, const real* parameter) noexcept nogil:
    """For the power 2: the square takes the division away from the gradient, and from it and the value all that lifting is for."""
    cdef Odds odds = odds_of(z, False)
    cdef Miss miss = miss_of(y, z, &odds, parameter)
    cdef Fine pull = scaled(<real>2 * miss.d, fine_times(odds.minor, miss.loss))
    cdef Fine slope = fine_times_plus(miss.missed, miss.difference, pull)
    return Point(focal_value(&miss, fine_times(miss.missed, miss.missed), z),
                 focal_grad(&miss, fine_times(fine_times(miss.missed, odds.major), slope), z),
                 focal_of_logits(y, z, parameter, TWO).hess)


cdef struct Raised:
    Fine factor
    real exponent   # of the 2 that multiplies it


cdef inline Raised wide_power(Fine x, real k, Fine exponent, Exponent kind) noexcept nogil:
    """(x 2^k)^exponent for x > 0 of any size but a denormal one."""
    cdef Raised result
    cdef real n
    if kind != ANY:
        result.factor = power(fine_normalised(x, &n), leading(exponent), kind)
        result.exponent = 0 if FINE_IS_WIDE else leading(exponent) * (k - n)
    else:
        result.factor = fine_raised(x, k, exponent, &result.exponent)
    return result


cdef inline Point focal_of_probabilities(real y, real p, const real* parameter, Exponent kind) noexcept nogil:
    """With m = y (1 - p) + (1 - y) p that was missed, c the loss without the power, u = y / p and v = (1 - y) / (1 - p), all three are
    m^(gamma - 1) times something: m c, m (v - u) + gamma m' c, and
    u m / p + v m / (1 - p) + 2 gamma m' (v - u) + gamma (gamma - 1) m'^2 c / m.

    A p that is tiny brings numbers of any size together: m and c are lifted where both y and p are tiny, u is dropped where y is far larger
    than p, and the power keeps its exponent apart.
    """
    cdef real gamma = parameter[0], least = TINY * <real>1e-6
    cdef Fine q = complement(y), rest = complement(p), unit = fine(1)
    cdef word narrow = mask(not FINE_IS_WIDE), tiny = mask(p < TINY) & narrow
    cdef word small = mask((p < least) & (y < least)) & narrow, far = mask(y > p * GREAT) & narrow
    cdef real lift = blend(small, LIFT, 1), drop = blend(far, DROP, 1), lifted = blend(small, LIFTED, 0), dropped = blend(far, LIFTED, 0)
    cdef Fine missed = fine_plus(scaled(y * lift, rest), scaled(p * lift, q))
    cdef Raised base = wide_power(missed, -lifted, fine_sum(gamma, -1), kind)
    cdef Fine log_p = fine_log(fine(p)), log_rest = fine_log_rest(rest, fine(p))
    cdef real other_y = <real>1 - y
    cdef word yes = mask(y != 0), no = mask(other_y != 0)
    cdef Fine loss = negative(fine_plus(shared(yes, y * lift, log_p, p), shared(no, other_y * lift, log_rest, p)))
    cdef Fine share = fine_plus(scaled(parameter[1], fine(y)), scaled(parameter[2], q)), factor = fine_times(base.factor, share)
    cdef real balance = leading(share)
    cdef real close = blend(tiny, LIFT, 1), turn = less_twice(y), d = gamma * turn
    cdef Fine u = fine_over(fine(y * blend(far, 1, close)), fine(select(p == 0, 1, p * close)))
    cdef Fine v = fine_over(q, fine_blend(mask(leading(rest) == 0), unit, rest)), slope = fine_plus(fine_scaled(v, drop), negative(u))
    cdef Fine push = fine_plus(fine_times(missed, slope), scaled(d * drop, loss))
    cdef Fine curve = fine_times(u, fine_plus(fine_times(u, rest), fine_scaled(q, drop)))
    cdef Fine other = fine_plus(fine_times(v, fine_plus(fine(y), scaled(p, v))), fine_ratio((gamma - 1) * turn * d, loss, missed))
    curve = fine_plus(fine_plus(curve, scaled(<real>2 * d * drop, slope)), fine_scaled(fine_scaled(other, drop), drop))
    cdef real value = times_two_to(nearest(fine_times(factor, fine_times(missed, loss))), base.exponent - (lifted + lifted))
    cdef real grad = times_two_to(nearest(fine_times(factor, push)), base.exponent + (dropped - lifted))
    cdef real hess = times_two_to(nearest(fine_times(factor, curve)), base.exponent + (dropped + dropped))
    # What is certain is right or wrong: nothing was missed, or the loss is infinite.
    cdef word right = mask(leading(missed) == 0), wrong = mask(leading(loss) > LARGE)
    return Point(blend(right, 0, blend(wrong, balance * INFINITE, value)),
                 blend(right, select(gamma > 0, 0, balance * turn), blend(wrong, balance * select(p > y, INFINITE, -INFINITE), grad)),
                 blend(right, balance * parameter[3], blend(wrong, balance * INFINITE, hess)))


cdef inline Point binary_focal(real y, real p, const real* parameter) noexcept nogil:
    return focal_of_probabilities(y, p, parameter, ANY)


cdef inline Point binary_focal_whole(real y, real p, const real* parameter) noexcept nogil:
    return focal_of_probabilities(y, p, parameter, WHOLE)


cdef inline Point asymmetric(real y, real z, const real* parameter, Exponent kind) noexcept nogil:
    """x = P - clip, where it is positive, costs -x^gamma log(1 - x); u = 1 - x is (1 - P) + clip."""
    cdef real gamma_neg = parameter[0], gamma_pos = parameter[1], clip = parameter[2], size = magnitude(z), q = <real>1 - y
    cdef Odds odds = odds_of(z, True)
    cdef word up = mask(z > 0)
    cdef Fine p = fine_blend(up, odds.major, odds.minor), rest = fine_blend(up, odds.minor, odds.major)
    cdef Fine log_rest = fine_log1p(odds.e)
    cdef Fine loss = fine_plus(fine_blend(up, fine(0), odds.size), log_rest)
    cdef Fine factor = power(rest, gamma_pos, kind), missed = scaled(gamma_pos, fine_times(p, loss))
    cdef Fine turn = fine_plus(scaled(gamma_pos, p), negative(rest))
    cdef Fine bend = fine_plus(scaled(<real>1 + gamma_pos + gamma_pos, rest), scaled(gamma_pos, fine_times(loss, turn)))
    cdef word distant = mask(size > 8192)
    cdef Fine value_pos = fine_blend(distant, fine(blend(up, 0, leading(factor) * size)), fine_times(factor, loss))
    cdef real grad_pos = nearest(fine_times(factor, fine_plus(rest, missed)))
    # What is proportional to the smaller probability is computed of the lifted one, where z speaks against the label.
    cdef Fine minor = fine_times(odds.lifted, odds.major)
    cdef real hess_pos = nearest(fine_times(fine_times(factor, fine_blend(up, p, minor)), bend)) * blend(up, 1, odds.drop)

    cdef Fine x = fine_plus(p, fine(-clip)), u = fine_plus(rest, fine(clip))
    cdef word clipped = mask(clip != 0)
    cdef Fine cost = fine_blend(clipped, negative(fine_log_rest(u, x)), fine_plus(fine_blend(up, odds.size, fine(0)), log_rest))
    cdef Fine lifted = fine_blend(up, minor, odds.major), slope = fine_times(p, lifted), unit = fine(1)
    cdef real drop = blend(up, odds.drop, 1), own = blend(clipped, drop, 1), other = blend(clipped, 1, drop)
    # Without a clip the first of these quotients is the probability, not lifted, and the second the rest; a P without an inverse has both.
    cdef Fine ratio = fine_blend(clipped, fine_times(slope, inverse(u)), p)
    cdef Fine quick = fine_blend(clipped, fine_times(slope, inverse(x)), lifted)
    cdef Fine grown = scaled(gamma_neg, fine_times(cost, quick))
    cdef Fine cut = fine_blend(clipped, scaled(clip, fine_times(p, inverse(u))), fine(0))
    turn = fine_plus(scaled(gamma_neg - 1, fine_scaled(quick, drop)), fine_plus(rest, negative(p)))
    factor = power(fine_blend(mask(leading(x) > 0), x, unit), gamma_neg, kind)
    bend = fine_scaled(fine_plus(scaled(gamma_neg + gamma_neg, quick), lifted), own)
    bend = fine_plus(fine_times(grown, turn), fine_times(ratio, fine_plus(bend, negative(cut))))
    cdef word inside = mask(leading(x) > 0)
    cdef word plain = distant & mask(clip == 0)
    cdef Fine value_neg = fine_blend(plain, fine(blend(up, leading(factor) * size, 0)), fine_times(factor, cost))
    value_neg = fine_blend(inside, value_neg, fine(nil(z)))
    cdef real grad_neg = nearest(fine_times(factor, fine_plus(fine_scaled(grown, other), ratio))) * own
    cdef real hess_neg = nearest(fine_times(factor, bend)) * drop
    grad_neg = blend(inside, grad_neg, nil(z))
    hess_neg = blend(inside, hess_neg, nil(z))
    return Point(fine_mean(y, value_pos, value_neg),
                 q * grad_neg - y * grad_pos, q * hess_neg + y * hess_pos)


cdef inline Point asymmetric_bce(real y, real z, const real* parameter) noexcept nogil:
    return asymmetric(y, z, parameter, ANY)


cdef inline Point asymmetric_bce_whole(real y, real z, const real* parameter) noexcept nogil:
    return asymmetric(y, z, parameter, WHOLE)
