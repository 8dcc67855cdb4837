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

    cdef void add(self, Partial* partial) noexcept:
        cdef int i
        for i in range(STATISTICS):
            exact_merge(&self.total[i], &partial.sums[i])


def exact_sum(const double[::1] terms not None):
    """The correctly rounded sum of any doubles, in any order."""
    cdef ExactSum total
    cdef Py_ssize_t i
    with nogil:
        exact_clear(&total)
        for i in range(terms.shape[0]):
            exact_add(&total, terms[i])
    return exact_round(&total)
