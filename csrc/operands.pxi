# From NumPy arrays to operands: what an array holds, how it is walked, what it shares memory with.

cdef int number_of(ndarray a) except -1:
    """The number that an array holds, or NUMBERS if it is none of those that are read."""
    cdef dtype descr = <dtype>cnp.PyArray_DESCR(a)
    cdef int kind = descr.kind, size = <int>cnp.PyArray_ITEMSIZE(a)
    if kind == c'f':
        return FLOAT64 if size == 8 else (FLOAT32 if size == 4 else (HALF if size == 2 else NUMBERS))
    if kind == c'i':
        return INT64 if size == 8 else (INT32 if size == 4 else (INT16 if size == 2 else INT8))
    if kind == c'u':
        return UINT64 if size == 8 else (UINT32 if size == 4 else (UINT16 if size == 2 else UINT8))
    if kind == c'b':
        return BOOL
    if size == 2 and str(descr) == "bfloat16":
        return BFLOAT16
    return NUMBERS


cdef inline bint needs_double(int number) noexcept nogil:
    """Whether NumPy promotes this number and float32 to float64."""
    return number == FLOAT64 or INT32 <= number <= UINT64


cdef void set_dims(Operand* a, int ndim, const Py_ssize_t* shape, const Py_ssize_t* strides) noexcept nogil:
    """Leave out dimensions of length 1 and merge neighbours that are walked as one."""
    cdef int d, last = -1
    for d in range(ndim):
        if shape[d] == 1:
            continue
        if last >= 0 and a.strides[last] == shape[d] * strides[d]:
            a.shape[last] *= shape[d]
            a.strides[last] = strides[d]
        else:
            last += 1
            a.shape[last] = shape[d]
            a.strides[last] = strides[d]
    if last < 0:
        last = 0
        a.shape[0] = 1
        a.strides[0] = a.size
    a.ndim = last + 1


cdef void set_numbers(Operand* a, ndarray source, int number) noexcept:
    a.data = cnp.PyArray_BYTES(source)
    a.number = <Number>number
    a.size = <int>cnp.PyArray_ITEMSIZE(source)
    a.swapped = not cnp.PyArray_ISNOTSWAPPED(source)
    a.present = True
    a.class_stride = 0


cdef inline bint native(const Operand* a, ndarray source, int bits) noexcept:
    return a.number == (FLOAT32 if bits == 32 else FLOAT64) and not a.swapped and cnp.PyArray_CHKFLAGS(source, cnp.NPY_ARRAY_ALIGNED)


cdef void describe(Operand* a, ndarray source, int number, int bits, int axis=-1, bint rows=False) noexcept:
    """An array for kernels of `bits`. A class axis goes last, or apart where the kernel walks rows."""
    cdef Py_ssize_t[MAX_DIMS] shape, strides
    cdef int ndim = cnp.PyArray_NDIM(source), d, k = 0
    set_numbers(a, source, number)
    if axis < 0 and cnp.PyArray_IS_C_CONTIGUOUS(source):
        a.ndim = 1
        a.shape[0] = cnp.PyArray_SIZE(source)
        a.strides[0] = a.size
        a.direct = native(a, source, bits)
        return
    for d in range(ndim):
        if d != axis:
            shape[k] = cnp.PyArray_DIM(source, d)
            strides[k] = cnp.PyArray_STRIDE(source, d)
            k += 1
    if axis >= 0:
        shape[k] = cnp.PyArray_DIM(source, axis)
        strides[k] = cnp.PyArray_STRIDE(source, axis)
        a.class_stride = strides[k]
        k += not rows
    set_dims(a, k, shape, strides)
    a.direct = native(a, source, bits) and (rows or (a.ndim == 1 and a.strides[0] == a.size))


cdef void describe_repeated(Operand* a, ndarray source, int number, int bits, int ndim, const Py_ssize_t* shape,
                            Py_ssize_t classes) noexcept:
    """Numbers of the given shape, or of its first axis alone; each holds for `classes` elements side by side."""
    cdef Py_ssize_t[MAX_DIMS] full, strides
    cdef int d, own = cnp.PyArray_NDIM(source)
    set_numbers(a, source, number)
    for d in range(ndim):
        full[d] = shape[d]
        strides[d] = cnp.PyArray_STRIDE(source, d) if d < own else 0
    if classes > 1:
        full[ndim] = classes
        strides[ndim] = 0
    set_dims(a, ndim + (classes > 1), full, strides)
    a.direct = native(a, source, bits) and a.ndim == 1 and a.strides[0] == a.size


cdef struct Extent:
    # The bytes from `low` to before `high` are what an array can touch.
    size_t low, high


cdef Extent extent_of(ndarray a) noexcept:
    cdef Extent extent
    cdef Py_ssize_t last, reach
    cdef int d
    extent.low = extent.high = <size_t>cnp.PyArray_BYTES(a)
    for d in range(cnp.PyArray_NDIM(a)):
        last = cnp.PyArray_DIM(a, d) - 1
        if last < 0:
            return Extent(0, 0)
        reach = last * cnp.PyArray_STRIDE(a, d)
        if reach < 0:
            extent.low += reach
        else:
            extent.high += reach
    extent.high += cnp.PyArray_ITEMSIZE(a)
    return extent


cdef bint near(Extent a, Extent b) noexcept:
    return a.low < b.high and b.low < a.high


cdef bint same_place(ndarray a, ndarray b) noexcept:
    """Whether every element of one is the element of the other at the same index."""
    cdef int d
    if cnp.PyArray_BYTES(a) != cnp.PyArray_BYTES(b) or cnp.PyArray_ITEMSIZE(a) != cnp.PyArray_ITEMSIZE(b) or not same_shape(a, b):
        return False
    for d in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_STRIDE(a, d) != cnp.PyArray_STRIDE(b, d):
            return False
    return True


cdef inline bint same_shape(ndarray a, ndarray b) noexcept:
    cdef int d
    if cnp.PyArray_NDIM(a) != cnp.PyArray_NDIM(b):
        return False
    for d in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_DIM(a, d) != cnp.PyArray_DIM(b, d):
            return False
    return True


cdef tuple lengths(int ndim, const Py_ssize_t* shape):
    """A shape for Python. Not by a list comprehension: where memory runs out, Cython 3.3 gives up its new objects twice."""
    cdef list found = []
    cdef int d
    for d in range(ndim):
        found.append(shape[d])
    return tuple(found)


cdef inline Py_ssize_t product(int n, const Py_ssize_t* shape) noexcept nogil:
    cdef Py_ssize_t total = 1
    cdef int d
    for d in range(n):
        total *= shape[d]
    return total
