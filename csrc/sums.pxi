# Exact sums as Python objects: what a call adds up, kept between calls.

cdef enum:
    WEIGHT = STATISTICS     # the place of the total weight, behind those of the point's sums


@cython.final
cdef class Sums:
    """The exact sums of a stream of calls: those of the loss's point, and the weights. The order of additions does not matter."""

    cdef ExactSum[STATISTICS + 1] total

    def __cinit__(self):
        cdef int i
        for i in range(STATISTICS + 1):
            exact_clear(&self.total[i])

    def merge(self, Sums other not None):
        cdef int i
        cdef ExactSum term
        for i in range(STATISTICS + 1):
            term = other.total[i]
            exact_merge(&self.total[i], &term)

    def rounded(self):
        """The sums, each rounded once."""
        cdef list numbers = []
        cdef int i
        for i in range(STATISTICS + 1):
            numbers.append(exact_round(&self.total[i]))
        return tuple(numbers)

    def add_terms(self, const double[::1] terms not None):
        """Values of cases that are complete: their sum is the first, their number the weight."""
        cdef Py_ssize_t i
        for i in range(terms.shape[0]):
            exact_add(&self.total[0], terms[i])
        exact_add(&self.total[<int>WEIGHT], <double>terms.shape[0])

    def __reduce__(self):
        cdef list states = []
        cdef int i
        for i in range(STATISTICS + 1):
            states.append(state_of(&self.total[i]))
        return restored_sums, (tuple(states),)

    cdef void add(self, Partial* partial) noexcept:
        cdef int i
        for i in range(STATISTICS):
            exact_merge(&self.total[i], &partial.sums[i])


cdef tuple state_of(ExactSum* total):
    """What a pickle keeps of a sum: in no machine's byte order."""
    cdef unsigned char[EXACT_BYTES] digits
    exact_pack(total, digits)
    return total.terms, total.first, total.special, <bytes>digits[:EXACT_BYTES]


cdef int set_state(ExactSum* total, tuple state) except -1:
    cdef bytes digits
    total.terms, total.first, total.special, digits = state
    if len(digits) != EXACT_BYTES or total.terms < 0:
        raise ValueError("not the state of a sum")
    exact_unpack(total, digits)
    return 0


def restored_sums(tuple states not None):
    """The sums that a pickle has kept."""
    cdef Sums sums = Sums()
    cdef int i
    if len(states) != STATISTICS + 1:
        raise ValueError("not the state of sums")
    for i in range(STATISTICS + 1):
        set_state(&sums.total[i], states[i])
    return sums


def exact_sum(const double[::1] terms not None):
    """The correctly rounded sum of any doubles, in any order."""
    cdef ExactSum total
    cdef Py_ssize_t i
    with nogil:
        exact_clear(&total)
        for i in range(terms.shape[0]):
            exact_add(&total, terms[i])
    return exact_round(&total)
