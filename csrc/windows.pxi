# Arrays that lie across the walk, as in Fortran order: of one block they are a few numbers in every column. So what several blocks need of
# them is transposed at once, and the blocks walk plain numbers.

from libc.stdlib cimport free, malloc

cdef enum:
    WINDOW_ROWS = 64        # that a window should have: some squares of a transposition, and whole lines of the cache
    LEAST_WINDOW = 16       # blocks,
    MOST_WINDOW = 64        # and where rows are long: 256 KB of floats an array
    LAID_OUT = 8            # operands at most: the truth, two predictions, the value and two derivatives by each
    LINE = 64               # bytes


cdef struct LaidOut:
    const Operand* across
    Operand* plain


cdef struct Window:
    Call call                   # with plain operands in the place of those that lie across
    LaidOut[LAID_OUT] operand
    int inputs, operands        # the results follow the inputs
    Py_ssize_t blocks
    void* memory


cdef inline bint is_across(const Operand* a) noexcept nogil:
    return a.present and not a.direct and lies_across(a)


cdef bint any_across(const Call* call) noexcept nogil:
    cdef const Prediction* second = &call.further[0]
    if is_across(&call.y_true) or is_across(&call.y_pred) or is_across(&call.value) or is_across(&call.grad) or is_across(&call.hess):
        return True
    return call.pair and (is_across(&second.y_pred) or is_across(&second.grad) or is_across(&second.hess))


cdef void lay_out(const Operand* a, Operand* plain, Window* window) noexcept nogil:
    """Let plain numbers stand for the operand, if it lies across."""
    if not is_across(a):
        return
    plain.ndim, plain.shape[0], plain.strides[0], plain.direct = 1, window.call.origin + window.call.size, a.size, True
    window.operand[window.operands] = LaidOut(a, plain)
    window.operands += 1
    window.blocks = max(window.blocks, min(<Py_ssize_t>MOST_WINDOW, a.shape[a.ndim - 1] // (BLOCK // WINDOW_ROWS)))


cdef void lay_out_results(const Call* call, Window* window) noexcept nogil:
    lay_out(&call.value, &window.call.value, window)
    lay_out(&call.grad, &window.call.grad, window)
    lay_out(&call.hess, &window.call.hess, window)
    if call.pair:
        lay_out(&call.further[0].grad, &window.call.further[0].grad, window)
        lay_out(&call.further[0].hess, &window.call.further[0].hess, window)


cdef bint open_window(const Call* call, Py_ssize_t blocks, Window* window) noexcept nogil:
    """False where there is no memory for it."""
    window.call = call[0]
    window.operands, window.blocks = 0, LEAST_WINDOW
    lay_out(&call.y_true, &window.call.y_true, window)
    lay_out(&call.y_pred, &window.call.y_pred, window)
    if call.pair:
        lay_out(&call.further[0].y_pred, &window.call.further[0].y_pred, window)
    window.inputs = window.operands
    if call.outputs != NOTHING:
        lay_out_results(call, window)
    window.blocks = min(window.blocks, blocks)
    window.memory = malloc(window.operands * window.blocks * BLOCK * sizeof(real) + LINE)
    return window.memory != NULL


cdef inline real* laid_out(const Window* window, int k) noexcept nogil:
    """The numbers of an operand, from the window's first on."""
    cdef real* numbers = <real*>((<size_t>window.memory + LINE - 1) // LINE * LINE)
    return numbers + k * window.blocks * BLOCK


cdef void in_window(const Window* window, range_fn run, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """Results last of all, for they may take an input's place."""
    cdef Py_ssize_t start = window.call.origin + first * BLOCK
    cdef Py_ssize_t n = min(last * BLOCK, window.call.size) - first * BLOCK
    cdef int k
    for k in range(window.operands):
        window.operand[k].plain.data = <char*>(<size_t>laid_out(window, k) - start * sizeof(real))
        if k < window.inputs:
            gather_block(window.operand[k].across, start, n, laid_out(window, k))
    run(&window.call, first, last, partial)
    if partial.fault == NO_FAULT:
        for k in range(window.inputs, window.operands):
            store(window.operand[k].across, start, n, laid_out(window, k))


cdef void in_windows(const Call* call, range_fn run, Py_ssize_t first, Py_ssize_t last, Partial* partial) noexcept nogil:
    """Run over blocks with plain operands; as they are, where memory is short."""
    cdef Window window
    if not open_window(call, last - first, &window):
        run(call, first, last, partial)
        return
    while first < last and partial.fault == NO_FAULT:
        in_window(&window, run, first, min(first + window.blocks, last), partial)
        first += window.blocks
    free(window.memory)
