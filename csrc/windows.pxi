# Arrays that lie across the walk, as in Fortran order: of one block they are a few numbers in every column. So what several blocks need of
# them is transposed at once, and the blocks walk plain numbers. Where rows of classes are walked, a window is a block of them.

from libc.stdlib cimport free, malloc

cdef enum:
    WINDOW_ROWS = 64        # that a window of elements should have: some squares of a transposition, and whole lines of the cache
    LEAST_WINDOW = 16       # blocks of elements,
    MOST_WINDOW = 64        # and where rows are long: 256 KB of floats an array
    LEAST_ROWS = 16         # of a block of rows that is worth it: a line of the cache
    LAID_OUT = 11           # operands at most: the truth, three predictions, the value and two derivatives by each
    LINE = 64               # bytes


cdef struct LaidOut:
    const Operand* across
    Operand* plain


cdef struct Window:
    Call call                   # with plain operands in the place of those that lie across
    LaidOut[LAID_OUT] operand
    int inputs, operands        # the results follow the inputs
    bint rows                   # are walked; else elements
    Py_ssize_t unit, width      # elements, or rows, of a block, and the numbers of each
    Py_ssize_t blocks
    void* memory


cdef inline bint rows_lie_across(const Operand* a) noexcept nogil:
    """Whether rows of the kernel's own type are side by side, one class after the other."""
    return own_type(a) and a.strides[a.ndim - 1] == a.size and a.class_stride > a.size and all_aligned(a)


cdef inline bint is_across(const Operand* a, bint rows) noexcept nogil:
    return a.present and (rows_lie_across(a) if rows else not a.direct and lies_across(a))


cdef inline int further_predictions(const Call* call, bint rows) noexcept nogil:
    """How many there may be beside the first."""
    return <int>FURTHER if rows else call.pair


cdef bint any_across(const Call* call, bint rows) noexcept nogil:
    cdef const Prediction* other
    cdef int k
    if is_across(&call.y_true, rows) or is_across(&call.y_pred, rows):
        return True
    if is_across(&call.value, rows) or is_across(&call.grad, rows) or is_across(&call.hess, rows):
        return True
    for k in range(further_predictions(call, rows)):
        other = &call.further[k]
        if is_across(&other.y_pred, rows) or is_across(&other.grad, rows) or is_across(&other.hess, rows):
            return True
    return False


cdef void lay_out(const Operand* a, Operand* plain, Window* window) noexcept nogil:
    """Let plain numbers stand for the operand, if it lies across."""
    if not is_across(a, window.rows):
        return
    plain.ndim, plain.shape[0], plain.strides[0] = 1, window.call.origin + window.call.size, window.width * a.size
    plain.class_stride, plain.direct = a.size, True
    window.operand[window.operands] = LaidOut(a, plain)
    window.operands += 1
    if not window.rows:
        window.blocks = max(window.blocks, min(<Py_ssize_t>MOST_WINDOW, a.shape[a.ndim - 1] // (BLOCK // WINDOW_ROWS)))


cdef void lay_out_results(const Call* call, Window* window) noexcept nogil:
    cdef int k
    lay_out(&call.value, &window.call.value, window)
    lay_out(&call.grad, &window.call.grad, window)
    lay_out(&call.hess, &window.call.hess, window)
    for k in range(further_predictions(call, window.rows)):
        lay_out(&call.further[k].grad, &window.call.further[k].grad, window)
        lay_out(&call.further[k].hess, &window.call.further[k].hess, window)


cdef Window* opened_window(const Call* call, bint rows, Py_ssize_t blocks) noexcept nogil:
    """NULL where there is no memory for it. On a small stack its operands would take a good part."""
    cdef Window* window = <Window*>malloc(sizeof(Window))
    cdef int k
    if window == NULL:
        return NULL
    window.call, window.rows, window.operands = call[0], rows, 0
    window.unit = rows_of_block(call.classes) if rows else BLOCK
    window.width = call.classes if rows else 1
    window.blocks = 1 if rows else LEAST_WINDOW
    lay_out(&call.y_true, &window.call.y_true, window)
    lay_out(&call.y_pred, &window.call.y_pred, window)
    for k in range(further_predictions(call, rows)):
        lay_out(&call.further[k].y_pred, &window.call.further[k].y_pred, window)
    window.inputs = window.operands
    if call.outputs != NOTHING:
        lay_out_results(call, window)
    window.blocks = min(window.blocks, blocks)
    window.memory = malloc(window.operands * numbers_of(window) * sizeof(real) + LINE)
    if window.memory == NULL:
        free(window)
        return NULL
    return window


cdef inline Py_ssize_t numbers_of(const Window* window) noexcept nogil:
    """Of an operand."""
    return window.blocks * window.unit * window.width


cdef inline real* laid_out(const Window* window, int k) noexcept nogil:
    """The numbers of an operand, from the window's first on."""
    cdef real* numbers = <real*>((<size_t>window.memory + LINE - 1) // LINE * LINE)
    return numbers + k * numbers_of(window)


cdef void transpose_rows(const Operand* a, Py_ssize_t start, Py_ssize_t n, Py_ssize_t classes, real* plain,
                         bint back) noexcept nogil:
    """To plain rows, or back from those."""
    cdef Py_ssize_t run, stride = a.class_stride // a.size
    cdef Walk walk
    walk_to(a, start, &walk)
    while n > 0:
        run = run_length(a, &walk, n)
        if back:
            transpose(plain, classes, <real*>walk.data, stride, run, classes)
        else:
            transpose(<const real*>walk.data, stride, plain, classes, classes, run)
        walk_on(a, run, &walk)
        plain += run * classes
        n -= run


cdef void fetch(const Window* window, int k, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    cdef const Operand* a = window.operand[k].across
    if window.rows:
        transpose_rows(a, start, n, window.width, laid_out(window, k), False)
    else:
        gather_block(a, start, n, laid_out(window, k))


cdef void bring_back(const Window* window, int k, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    cdef const Operand* a = window.operand[k].across
    if window.rows:
        transpose_rows(a, start, n, window.width, laid_out(window, k), True)
    else:
        store(a, start, n, laid_out(window, k))


cdef void in_window(const Window* window, range_fn run, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """Results last of all, for they may take an input's place."""
    cdef Py_ssize_t start = window.call.origin + first * window.unit
    cdef Py_ssize_t n = min(last * window.unit, window.call.size) - first * window.unit
    cdef int k
    for k in range(window.operands):
        window.operand[k].plain.data = <char*>(<size_t>laid_out(window, k) - start * window.width * sizeof(real))
        if k < window.inputs:
            fetch(window, k, start, n)
    run(&window.call, first, last, partial)
    if partial.fault == NO_FAULT:
        for k in range(window.inputs, window.operands):
            bring_back(window, k, start, n)


cdef void in_windows(const Call* call, bint rows, range_fn run, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """Run over blocks with plain operands; as they are, where memory is short."""
    cdef Window* window = opened_window(call, rows, last - first)
    if window == NULL:
        run(call, first, last, partial)
        return
    while first < last and partial.fault == NO_FAULT:
        in_window(window, run, first, min(first + window.blocks, last), partial)
        first += window.blocks
    free(window.memory)
    free(window)
