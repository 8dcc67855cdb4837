# cython: cdivision=True
"""What the front door and the kernels share, so that either side is compiled without the other."""
from libc.stdint cimport int64_t


cdef extern from "exact.h" nogil:
    ctypedef struct ExactSum:
        double first
        int64_t terms
        double special
    enum:
        EXACT_BYTES, EXACT_REACH
    void exact_clear(ExactSum* total)
    void exact_add(ExactSum* total, double term)
    void exact_add_product(ExactSum* total, double a, double b)
    void exact_merge(ExactSum* total, ExactSum* other)
    double exact_round(ExactSum* total)
    double exact_scaled(ExactSum* total, int exponent)
    double exact_over(ExactSum* total, double divisor, int unit)
    void exact_pack(ExactSum* total, unsigned char* digits)
    void exact_unpack(ExactSum* total, const unsigned char* digits)


cdef extern from "pyloss.h" nogil:
    enum:
        PYLOSS_VALUE, PYLOSS_GRAD, PYLOSS_HESS


cdef enum:
    BLOCK = 1024            # elements of a block: two inputs and three results stay in a 32 KB L1 cache
    ROW_BLOCK = 64          # rows of a block where a kernel sees whole rows; fewer where they are long
    ROW_BLOCK_ENTRIES = 32768
    MAX_DIMS = 64           # as in NumPy
    PARAMETERS = 4
    STATISTICS = 3
    FURTHER = 2             # predictions beside the first
    MASKS = 5               # of the truth, three predictions and the weights


cdef enum Number:           # the dtypes that are read; those from HALF on are written too
    BOOL, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, HALF, BFLOAT16, FLOAT32, FLOAT64, NUMBERS


cdef enum Outputs:          # what a point is asked for
    VALUE, GRAD, VALUE_GRAD, GRAD_HESS, ALL, OUTPUTS, NOTHING


cdef inline bint gives_value(Outputs outputs) noexcept nogil:
    return outputs == VALUE or outputs == VALUE_GRAD or outputs == ALL


cdef inline bint gives_grad(Outputs outputs) noexcept nogil:
    return outputs != VALUE and outputs != NOTHING


cdef inline bint gives_hess(Outputs outputs) noexcept nogil:
    return outputs == GRAD_HESS or outputs == ALL


cdef inline Py_ssize_t rows_of_block(Py_ssize_t classes) noexcept nogil:
    """It follows from the data alone, as the sums' bits do; a power of two, so that data may be cut at any multiple of BLOCK rows."""
    cdef Py_ssize_t rows = ROW_BLOCK
    while rows > 1 and rows > ROW_BLOCK_ENTRIES // classes:     # a product of them may leave the range
        rows //= 2
    return rows


cdef struct Operand:
    # An array in the order in which the pipeline walks it; neighbouring dimensions are merged where the strides allow.
    char* data
    Number number
    int size                # bytes of a number
    bint swapped            # not in the machine's byte order
    bint present
    bint direct             # numbers of the kernel's own type, used in place: contiguous, or for rows at least aligned
    int ndim
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t strides[MAX_DIMS]
    Py_ssize_t class_stride     # of rows: from one class to the next


cdef struct Domain:
    bint checked
    bint integral
    double low              # closed ends: an open one is moved to the next number of the kernel's type
    double high


cdef struct BlockKernel:
    # A caller's own, in the place of a point; see pyloss_kernel in pyloss.h.
    void* blocks[2]         # for float32 and for float64; NULL where there is none
    const double* parameters


cdef struct Prediction:
    # What a loss of several predictions has beside the first.
    Operand y_pred, grad, hess
    Domain domain


cdef struct Call:
    # One evaluation. Where a kernel sees rows, the operands walk the rows and `classes` is their length.
    Operand y_true, y_pred, weight
    Operand masks[MASKS]    # true where an element counts nothing
    Operand value, grad, hess
    Prediction further[FURTHER]
    Domain y_true_domain, y_pred_domain
    const Kernels* wide     # the float64 kernels: weights and labels are read, and overflowing blocks summed, in double
    int point
    int row_kernel          # instead of the point, where it is not -1
    BlockKernel own         # instead of the point, where there is one
    bint pair               # the point sees two predictions
    Outputs outputs
    bint weighted
    bint checks_weights     # a negative one is a fault
    bint summed             # the values are added up; else stored, if `value` is there
    bint statistics         # grad and hess are sums too
    bint labels             # y_true holds class indices
    bint lists              # several a row, along the class axis; y_true is walked element by element then
    bint row_truth          # y_true holds one number a row, for a kernel that sees rows
    double parameters[PARAMETERS]
    const double* class_factors     # one for each class, which the truth is multiplied with; NULL where there are none
    bint weighs_rows        # they weigh the rows too, in the mean's divisor
    bint truth_in_rows      # y_true walks rows, not elements
    bint ignores            # rows of the label `ignored` count nothing
    double ignored
    double kept             # what smoothing leaves of the truth,
    double shared           # and what it gives to every class
    double scale            # of the derivatives
    double* case_sums       # of totals of several cases: STATISTICS sums and a weight for each
    const double* case_parameters   # a scale and PARAMETERS parameters for each
    Py_ssize_t origin       # the first element of those that are walked one by one
    Py_ssize_t size         # elements, or rows
    Py_ssize_t classes


cdef enum Fault:
    NO_FAULT, Y_TRUE_FAULT, LABEL_FAULT, WEIGHT_FAULT, Y_PRED_FAULT     # last: further predictions count on from it


cdef struct Partial:
    # What one thread has found.
    ExactSum sums[STATISTICS]
    Fault fault
    Py_ssize_t fault_index  # in the pipeline's order


ctypedef void (*range_fn)(const Call* call, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil
ctypedef const double* (*load_fn)(const Operand* source, Py_ssize_t first, Py_ssize_t n, double* buffer) noexcept nogil
ctypedef double (*resum_fn)(const Call* call, const double* y, const double* p, const double* q, const double* weight,
                            Py_ssize_t n) noexcept nogil


cdef struct Kernels:
    # One precision at one ISA level.
    range_fn elementwise    # blocks of BLOCK elements
    range_fn rowsums        # rows; a value is the sum of a row's elements
    range_fn picked         # blocks of BLOCK rows; of each row the label's class alone
    range_fn rows           # blocks of rows_of_block(classes) rows; one of the kernels of csrc/rows
    range_fn cases          # whole cases of totals
    range_fn weights        # blocks of BLOCK weights
    load_fn load
    resum_fn resum
