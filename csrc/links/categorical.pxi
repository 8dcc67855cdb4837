# Losses of the softmax's probabilities, as links; see Link. t is the true probability of a class, q the predicted one.

cdef inline real log_excess(real rest, real cost) noexcept nogil:
    """-log(1 - rest) - rest. With s = rest / (2 - rest) the logarithm is 2 atanh(s): its series without the first term loses nothing where
    both are small."""
    cdef real s = rest / (<real>2 - rest)
    cdef real square = s * s, sum = <real>1 / <real>35
    sum = sum * square + <real>1 / <real>33
    sum = sum * square + <real>1 / <real>31
    sum = sum * square + <real>1 / <real>29
    sum = sum * square + <real>1 / <real>27
    sum = sum * square + <real>1 / <real>25
    sum = sum * square + <real>1 / <real>23
    sum = sum * square + <real>1 / <real>21
    sum = sum * square + <real>1 / <real>19
    sum = sum * square + <real>1 / <real>17
    sum = sum * square + <real>1 / <real>15
    sum = sum * square + <real>1 / <real>13
    sum = sum * square + <real>1 / <real>11
    sum = sum * square + <real>1 / <real>9
    sum = sum * square + <real>1 / <real>7
    sum = sum * square + <real>1 / <real>5
    sum = sum * square + <real>1 / <real>3
    return select(rest < <real>0.5, s * (rest + <real>2 * square * sum), cost - rest)


cdef inline Link categorical_focal_logits(real t, real q, real rest, real rest_spill, real log_q, real log_spill,
                                          const real* parameter) noexcept nogil:
    """(1 - q)^gamma (-log q). Everything is a multiple of it, or of (1 - q)^gamma: q log q / (1 - q) has the limits 0 and -1."""
    cdef real gamma = parameter[0], cost = -log_q
    cdef real least = select(rest < LEAST_NORMAL, LEAST_NORMAL, rest)
    cdef real power = vector_pow(rest, gamma)
    power += power * (gamma * (rest_spill / least))
    cdef real product = select(q > 0, q * cost, nil(q))
    cdef real ratio = select(rest > 0, product / least, nil(rest) + <real>1)
    return Link(select(t != 0, t * power * cost, nil(cost)),
                -(t * power) * (<real>1 + gamma * ratio),
                t * (gamma * (power / least)) * (q * (<real>2 + (gamma - <real>1) * ratio) - product))


cdef inline Link generalized_ce_logits(real t, real q, real rest, real rest_spill, real log_q, real log_spill,
                                       const real* parameter) noexcept nogil:
    """q^Q = exp(Q log q) with all that rounding took from the exponent: in the tail it would be seen."""
    cdef real exponent = parameter[0], cost = -log_q
    cdef real size = exponent * cost
    cdef real power = exp_minus_sum(size, product_rest(exponent, cost, size) - exponent * log_spill)
    return Link(t * (-vector_expm1(-size) / exponent), -(t * power), -(t * power) * exponent)


cdef inline Link poly1(real t, real q, real rest, real rest_spill, real log_q, real log_spill,
                       const real* parameter) noexcept nogil:
    """Where epsilon is negative, -log q + epsilon (1 - q) and 1 + epsilon q are written as sums of what is positive."""
    cdef real epsilon = parameter[0], whole = parameter[1], cost = -log_q
    cdef real value = select(epsilon < 0, whole * rest + log_excess(rest, cost), cost + epsilon * rest)
    cdef real slope = select(epsilon < 0, rest + whole * q, <real>1 + epsilon * q)
    return Link(select(t != 0, t * value, nil(cost)), -(t * slope), -(t * epsilon) * q)
