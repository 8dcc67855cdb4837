# Load and store: numbers of any dtype, byte order, alignment and stride, to and from blocks of `real`.

cdef extern from "numbers.h" nogil:
    float float_of_half(uint16_t half)
    uint16_t half_of_float(float number)
    void floats_of_halves(const char* source, float* target, Py_ssize_t n)
    void halves_of_floats(const float* source, char* target, Py_ssize_t n)
    float float_of_bfloat16(uint16_t number)
    uint16_t bfloat16_of_float(float number)
    float float_to_odd(double number)
    uint16_t swap16(uint16_t number)
    uint32_t swap32(uint32_t number)
    uint64_t swap64(uint64_t number)

cdef extern from "steps.h" nogil:
    enum:
        SUM_LANES
    void load_every_second(const real* source, real* target)    # SUM_LANES numbers
    void store_every_second(const real* source, char* target, Py_ssize_t n)

cdef extern from "transpose.h" nogil:
    void transpose(const real* source, Py_ssize_t source_stride, real* target, Py_ssize_t target_stride,
                   Py_ssize_t rows, Py_ssize_t columns)

ctypedef real (*read_fn)(const char* source) noexcept nogil
ctypedef void (*write_fn)(char* target, real number) noexcept nogil
ctypedef void (*gather_fn)(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil
ctypedef void (*scatter_fn)(const real* source, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil


# One number, read and written by memcpy: an unaligned move on every machine, and no assumption about types ----------------------

cdef inline real read_bool(const char* source) noexcept nogil:
    return <real>(source[0] != 0)

cdef inline real read_int8(const char* source) noexcept nogil:
    return <real>(<const int8_t*>source)[0]

cdef inline real read_uint8(const char* source) noexcept nogil:
    return <real>(<const uint8_t*>source)[0]

cdef inline real read_int16(const char* source) noexcept nogil:
    cdef int16_t number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline real read_uint16(const char* source) noexcept nogil:
    cdef uint16_t number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline real read_int32(const char* source) noexcept nogil:
    cdef int32_t number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline real read_uint32(const char* source) noexcept nogil:
    cdef uint32_t number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline real read_int64(const char* source) noexcept nogil:
    cdef int64_t number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline real read_uint64(const char* source) noexcept nogil:
    cdef uint64_t number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline real read_half(const char* source) noexcept nogil:
    cdef uint16_t number
    memcpy(&number, source, sizeof(number))
    return <real>float_of_half(number)

cdef inline real read_bfloat16(const char* source) noexcept nogil:
    cdef uint16_t number
    memcpy(&number, source, sizeof(number))
    return <real>float_of_bfloat16(number)

cdef inline real read_float32(const char* source) noexcept nogil:
    cdef float number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline real read_float64(const char* source) noexcept nogil:
    cdef double number
    memcpy(&number, source, sizeof(number))
    return <real>number

cdef inline float narrowed(real number) noexcept nogil:
    """To be rounded further."""
    return <float>number if sizeof(real) == sizeof(float) else float_to_odd(number)

cdef inline void write_half(char* target, real number) noexcept nogil:
    cdef uint16_t written = half_of_float(narrowed(number))
    memcpy(target, &written, sizeof(written))

cdef inline void write_bfloat16(char* target, real number) noexcept nogil:
    cdef uint16_t written = bfloat16_of_float(narrowed(number))
    memcpy(target, &written, sizeof(written))

cdef inline void write_float32(char* target, real number) noexcept nogil:
    cdef float written = <float>number
    memcpy(target, &written, sizeof(written))

cdef inline void write_float64(char* target, real number) noexcept nogil:
    cdef double written = <double>number
    memcpy(target, &written, sizeof(written))


# A run of numbers: the same loop under tests of the stride, so that the compiler can vectorise those of 1 and 2 -----------------

cdef inline void gather(read_fn read, Py_ssize_t size, const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if stride == size:
        for i in range(n):
            target[i] = read(source + i * size)
    elif stride == 2 * size:        # every second column, or real parts: shuffles, too
        for i in range(n):
            target[i] = read(source + 2 * i * size)
    else:
        for i in range(n):
            target[i] = read(source + i * stride)

cdef inline void scatter(write_fn write, Py_ssize_t size, const real* source, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if stride == size:
        for i in range(n):
            write(target + i * size, source[i])
    elif stride == 2 * size and size == sizeof(real):
        store_every_second(source, target, n)
    else:
        for i in range(n):
            write(target + i * stride, source[i])

cdef void gather_bool(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_bool, 1, source, stride, target, n)

cdef void gather_int8(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_int8, 1, source, stride, target, n)

cdef void gather_uint8(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_uint8, 1, source, stride, target, n)

cdef void gather_int16(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_int16, 2, source, stride, target, n)

cdef void gather_uint16(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_uint16, 2, source, stride, target, n)

cdef void gather_int32(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_int32, 4, source, stride, target, n)

cdef void gather_uint32(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_uint32, 4, source, stride, target, n)

cdef void gather_int64(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_int64, 8, source, stride, target, n)

cdef void gather_uint64(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_uint64, 8, source, stride, target, n)

cdef void gather_half(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    if stride == 2 and sizeof(real) == sizeof(float):
        floats_of_halves(source, <float*>target, n)
    else:
        gather(read_half, 2, source, stride, target, n)

cdef void gather_bfloat16(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_bfloat16, 2, source, stride, target, n)

cdef void gather_float32(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_float32, 4, source, stride, target, n)

cdef void gather_float64(const char* source, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    gather(read_float64, 8, source, stride, target, n)

cdef void scatter_half(const real* source, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    if stride == 2 and sizeof(real) == sizeof(float):
        halves_of_floats(<const float*>source, target, n)
    else:
        scatter(write_half, 2, source, target, stride, n)

cdef void scatter_bfloat16(const real* source, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    scatter(write_bfloat16, 2, source, target, stride, n)

cdef void scatter_float32(const real* source, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    scatter(write_float32, 4, source, target, stride, n)

cdef void scatter_float64(const real* source, char* target, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    scatter(write_float64, 8, source, target, stride, n)


cdef gather_fn[<int>NUMBERS] GATHER
GATHER[:] = [
    gather_bool, gather_int8, gather_uint8, gather_int16, gather_uint16, gather_int32, gather_uint32, gather_int64, gather_uint64,
    gather_half, gather_bfloat16, gather_float32, gather_float64,
]
cdef scatter_fn[<int>NUMBERS] SCATTER
SCATTER[<int>HALF] = scatter_half
SCATTER[<int>BFLOAT16] = scatter_bfloat16
SCATTER[<int>FLOAT32] = scatter_float32
SCATTER[<int>FLOAT64] = scatter_float64


cdef void swap_run(const char* source, Py_ssize_t source_stride, char* target, Py_ssize_t target_stride, int size,
                   Py_ssize_t n) noexcept nogil:
    """Copy numbers of 2, 4 or 8 bytes with their bytes reversed."""
    cdef uint16_t two
    cdef uint32_t four
    cdef uint64_t eight
    cdef Py_ssize_t i
    for i in range(n):
        if size == 2:
            memcpy(&two, source + i * source_stride, 2)
            two = swap16(two)
            memcpy(target + i * target_stride, &two, 2)
        elif size == 4:
            memcpy(&four, source + i * source_stride, 4)
            four = swap32(four)
            memcpy(target + i * target_stride, &four, 4)
        else:
            memcpy(&eight, source + i * source_stride, 8)
            eight = swap64(eight)
            memcpy(target + i * target_stride, &eight, 8)


cdef enum:
    PIECE = 128             # swapped numbers at a time: they pass through a buffer on the stack
    SQUARE = 4              # the least side of what is worth transposing


cdef void gather_run(const Operand* source, const char* data, Py_ssize_t stride, real* target, Py_ssize_t n) noexcept nogil:
    cdef char[8 * PIECE] native
    cdef Py_ssize_t first = 0, m
    if not source.swapped:
        GATHER[<int>source.number](data, stride, target, n)
        return
    while first < n:
        m = min(<Py_ssize_t>PIECE, n - first)
        swap_run(data + first * stride, stride, native, source.size, source.size, m)
        GATHER[<int>source.number](native, source.size, target + first, m)
        first += m


cdef void scatter_run(const Operand* target, const real* source, char* data, Py_ssize_t stride, Py_ssize_t n) noexcept nogil:
    cdef char[8 * PIECE] native
    cdef Py_ssize_t first = 0, m
    if not target.swapped:
        SCATTER[<int>target.number](source, data, stride, n)
        return
    while first < n:
        m = min(<Py_ssize_t>PIECE, n - first)
        SCATTER[<int>target.number](source + first, native, target.size, m)
        swap_run(native, target.size, data + first * stride, stride, target.size, m)
        first += m


# A block: runs of numbers along the last dimension, from any position of the logical order -----------------------------------------

cdef struct Walk:
    # Where a walk over an operand stands.
    Py_ssize_t index[MAX_DIMS]
    char* data


cdef inline void walk_to(const Operand* a, Py_ssize_t position, Walk* walk) noexcept nogil:
    cdef int d = a.ndim - 1
    walk.data = a.data
    while d >= 0:
        walk.index[d] = position % a.shape[d]
        position //= a.shape[d]
        walk.data += walk.index[d] * a.strides[d]
        d -= 1


cdef inline void walk_on(const Operand* a, Py_ssize_t run, Walk* walk) noexcept nogil:
    """Go on by a run that ends within the last dimension, and carry where it reaches the end."""
    cdef int d = a.ndim - 1
    walk.index[d] += run
    walk.data += run * a.strides[d]
    while d > 0 and walk.index[d] == a.shape[d]:
        walk.data += a.strides[d - 1] - walk.index[d] * a.strides[d]
        walk.index[d] = 0
        d -= 1
        walk.index[d] += 1


cdef inline Py_ssize_t run_length(const Operand* a, const Walk* walk, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t left = a.shape[a.ndim - 1] - walk.index[a.ndim - 1]
    return left if left < n else n


cdef inline bint own_type(const Operand* a) noexcept nogil:
    return a.number == (FLOAT32 if sizeof(real) == sizeof(float) else FLOAT64) and not a.swapped


cdef inline bint every_second(const Operand* a) noexcept nogil:
    """Whether all numbers are of the kernel's own type, in steps of 2."""
    return own_type(a) and a.ndim == 1 and a.strides[0] == 2 * <Py_ssize_t>sizeof(real) and <size_t>a.data % sizeof(real) == 0


cdef inline bint all_aligned(const Operand* a) noexcept nogil:
    """Whether numbers of the kernel's own type lie where that type may."""
    cdef size_t places = <size_t>a.data | <size_t>a.class_stride
    cdef int d
    for d in range(a.ndim):
        places |= <size_t>a.strides[d]
    return places % sizeof(real) == 0


cdef inline bint lies_across(const Operand* a) noexcept nogil:
    """Whether numbers of the kernel's own type lie side by side along the last dimension but one, as in Fortran order."""
    cdef int d = a.ndim - 1
    return own_type(a) and d > 0 and a.strides[d - 1] == a.size and a.shape[d] >= SQUARE and all_aligned(a)


cdef inline Py_ssize_t whole_rows(const Operand* a, const Walk* walk, Py_ssize_t n) noexcept nogil:
    """How many runs along the last dimension follow one another beside their neighbours; 0 if they are too few to be transposed."""
    cdef int d = a.ndim - 1
    cdef Py_ssize_t rows
    if walk.index[d] != 0:
        return 0
    rows = min(n // a.shape[d], a.shape[d - 1] - walk.index[d - 1])
    return rows if rows >= SQUARE else 0


cdef inline Py_ssize_t walk_on_rows(const Operand* a, Py_ssize_t rows, Walk* walk) noexcept nogil:
    """By how many elements."""
    cdef int d = a.ndim - 1
    walk.index[d - 1] += rows - 1
    walk.data += (rows - 1) * a.strides[d - 1]
    walk_on(a, a.shape[d], walk)
    return rows * a.shape[d]


cdef void gather_block(const Operand* source, Py_ssize_t first, Py_ssize_t n, real* target) noexcept nogil:
    """From the element at `first` in logical order."""
    cdef Walk walk
    cdef bint across = lies_across(source)
    cdef Py_ssize_t run, rows, stride = source.strides[source.ndim - 1]
    walk_to(source, first, &walk)
    while n > 0:
        rows = whole_rows(source, &walk, n) if across else 0
        if rows:
            transpose(<const real*>walk.data, stride // <Py_ssize_t>sizeof(real), target, source.shape[source.ndim - 1],
                      source.shape[source.ndim - 1], rows)
            run = walk_on_rows(source, rows, &walk)
        else:
            run = run_length(source, &walk, n)
            gather_run(source, walk.data, stride, target, run)
            walk_on(source, run, &walk)
        target += run
        n -= run


cdef void store(const Operand* target, Py_ssize_t first, Py_ssize_t n, const real* source) noexcept nogil:
    cdef Walk walk
    cdef bint across = lies_across(target)
    cdef Py_ssize_t run, rows, stride = target.strides[target.ndim - 1]
    walk_to(target, first, &walk)
    while n > 0:
        rows = whole_rows(target, &walk, n) if across else 0
        if rows:
            transpose(source, target.shape[target.ndim - 1], <real*>walk.data, stride // <Py_ssize_t>sizeof(real), rows,
                      target.shape[target.ndim - 1])
            run = walk_on_rows(target, rows, &walk)
        else:
            run = run_length(target, &walk, n)
            scatter_run(target, source, walk.data, stride, run)
            walk_on(target, run, &walk)
        source += run
        n -= run


cdef inline const real* load(const Operand* source, Py_ssize_t first, Py_ssize_t n, real* buffer) noexcept nogil:
    if source.direct:
        return <const real*>source.data + first
    gather_block(source, first, n, buffer)
    return buffer
