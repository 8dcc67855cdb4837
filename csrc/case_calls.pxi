# Totals of several cases: one call sums up every case, another writes all their gradients. The arrays are walked in an `order` of their
# axes in which those of a case, of `size` elements, come last.

cdef int open_cases(Plan plan, Call* call, Shape* shape, ndarray y_true, ndarray y_pred, ndarray weight, tuple masks,
                    Py_ssize_t size, Py_ssize_t count, Py_ssize_t width, Py_ssize_t needed) except -1:
    """`count` rows of `width` numbers belong to the cases; `needed` is how many the kernel reads or writes."""
    plan.open_inputs(call, shape, y_true, y_pred, ())
    if width != needed or size < 0 or count * size != shape.size:
        raise ValueError(f"{plan.loss.name}: {count} rows of {width} numbers do not belong to {shape.size} elements in cases of {size}")
    plan.open_weights(call, shape, weight, masks, None)
    call.size = shape.size
    call.classes = size
    call.scale = 1
    call.summed = True
    return 0


cdef tuple in_order(tuple order, tuple arrays):
    cdef list moved = []
    for array in arrays:
        moved.append(None if array is None else array.transpose(order))
    return tuple(moved)


cdef enum:
    LONG_CASE = 131072  # elements of a case from which on it is cut


cdef int execute_cases(Plan plan, Call* call, const Shape* shape, Py_ssize_t count, Py_ssize_t size) except -1:
    """A long case is cut as if it were alone, for several threads and for Ctrl-C."""
    cdef Partial partial
    cdef const Kernels* kernels = kernels64 if shape.bits == 64 else kernels32
    cdef Py_ssize_t case
    if size < LONG_CASE:
        execute(kernels.cases, call, count, size, &partial)
        return refuse_faults(plan, &partial)
    call.size = size
    for case in range(count):
        call.origin = case * size
        if call.statistics:
            sum_long_case(plan, call, kernels, call.case_sums + case * (STATISTICS + 1))
        else:
            write_long_case(plan, call, kernels, call.case_parameters + case * (PARAMETERS + 1))
    return 0


cdef int refuse_faults(Plan plan, const Partial* partial) except -1:
    if partial.fault != NO_FAULT:
        raise ValueError(f"{plan.loss.name}: a number is out of its domain")
    return 0


cdef int sum_long_case(Plan plan, const Call* call, const Kernels* kernels, double* sums) except -1:
    """Its sums and, behind them, its weight."""
    cdef Partial partial
    cdef int k
    execute(kernels.elementwise, call, blocks_of(call.size), BLOCK, &partial)
    refuse_faults(plan, &partial)
    for k in range(STATISTICS):
        sums[k] = exact_round(&partial.sums[k])
    sums[<int>STATISTICS] = call.size
    if call.weighted:
        execute(kernels64.weights, call, blocks_of(call.size), BLOCK, &partial)
        sums[<int>STATISTICS] = exact_round(&partial.sums[0])
    return 0


cdef int write_long_case(Plan plan, Call* call, const Kernels* kernels, const double* own) except -1:
    """Its gradient, from a scale and parameters of its own."""
    cdef Partial partial
    cdef int k
    call.scale = own[0]
    for k in range(PARAMETERS):
        call.parameters[k] = own[k + 1]
    execute(kernels.elementwise, call, blocks_of(call.size), BLOCK, &partial)
    return refuse_faults(plan, &partial)


def sum_cases(Plan plan not None, tuple order not None, Py_ssize_t size, double[:, ::1] sums not None, ndarray y_true not None,
              ndarray y_pred not None, ndarray weight, tuple masks not None, tuple parameters not None):
    """Fill a row of `sums` for every case: what the point adds up with these parameters, and the weight.

    ValueError for data that a call on all of them refuses too, whose message names the first offence.
    """
    cdef Call call
    cdef Shape shape
    y_true, y_pred, weight = in_order(order, (y_true, y_pred, weight))
    masks = in_order(order, masks)
    open_cases(plan, &call, &shape, y_true, y_pred, weight, masks, size, sums.shape[0], sums.shape[1], STATISTICS + 1)
    set_parameters(call.parameters, parameters)
    clear_results(&call)
    call.outputs = ALL
    call.statistics = True
    if sums.shape[0]:
        call.case_sums = &sums[0, 0]
    execute_cases(plan, &call, &shape, sums.shape[0], size)


def grad_cases(Plan plan not None, tuple order not None, Py_ssize_t size, const double[:, ::1] parameters not None,
               ndarray y_true not None, ndarray y_pred not None, ndarray weight, tuple masks not None, ndarray out):
    """The gradient, from a row of `parameters` for every case: a scale, and the point's parameters."""
    cdef Call call
    cdef Shape shape
    cdef Results results = Results.__new__(Results)
    if out is None:
        out = fresh(cnp.PyArray_NDIM(y_pred), <const Py_ssize_t*>cnp.PyArray_DIMS(y_pred), y_pred)
    if cnp.PyArray_SIZE(y_pred) == 0:   # without elements strides say nothing
        return out
    y_true, y_pred, weight = in_order(order, (y_true, y_pred, weight))
    masks = in_order(order, masks)
    open_cases(plan, &call, &shape, y_true, y_pred, weight, masks, size, parameters.shape[0], parameters.shape[1],
               PARAMETERS + 1)
    call.outputs = GRAD
    call.statistics = False
    leave_unchecked(&call)
    results.open(plan, &call, &shape, y_true, y_pred, (), weight, masks, out.transpose(order))
    call.case_parameters = &parameters[0, 0]
    execute_cases(plan, &call, &shape, parameters.shape[0], size)
    results.close()
    return out
