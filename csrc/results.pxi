# Where the results go: fresh arrays, or the caller's.

cdef enum Overlap:
    APART
    IN_PLACE        # every element of a result is the element of an input at the same index
    ACROSS


@cython.final
@cython.no_gc       # it lives as long as a call, and holds arrays alone
@cython.freelist(4)
cdef class Results:
    """The arrays of one call. One that overlaps an input otherwise than element by element is computed beside it and copied at the end."""

    cdef object value, grad, hess   # tuples, where there are several predictions
    cdef object value_out, grad_out, hess_out   # the caller's arrays for them
    cdef ndarray y_true, y_pred, weight
    cdef tuple others           # the further inputs
    cdef bint direct            # what is computed goes into the caller's arrays at once
    cdef bint in_place          # a result takes an input's place: everything is checked before the first write
    cdef list copies            # pairs (given, computed)

    cdef int open(self, Plan plan, Call* call, const Shape* shape, ndarray y_true, ndarray y_pred, tuple further, ndarray weight,
                  tuple masks, object out) except -1:
        cdef bint wants_value = gives_value(call.outputs) and not call.summed
        clear_results(call)
        if call.statistics:
            return 0
        if out is not None:
            self.split_out(plan.loss, call.outputs, wants_value, out)
            self.y_true, self.y_pred, self.weight = y_true, y_pred, weight
            self.others = further + masks
        if wants_value:
            self.value = self.place(plan, &call.value, shape.ndim, shape.dims, shape, -1, False, y_pred, self.value_out)
        if call.outputs != VALUE:
            self.grad = self.place_derivatives(plan, call, False, shape, y_pred, further, self.grad_out)
        if call.outputs == GRAD_HESS:
            self.hess = self.place_derivatives(plan, call, True, shape, y_pred, further, self.hess_out)
        if out is not None:
            refuse_common_memory(plan.loss, self.value, self.grad, self.hess)
        return 0

    cdef int split_out(self, object loss, Outputs outputs, bint wants_value, object out) except -1:
        """Which result each array of `out` takes."""
        if outputs == VALUE:
            if not wants_value:
                raise _errors.out_for_number(loss)
            self.value_out = out
        elif outputs == GRAD_HESS:
            self.grad_out, self.hess_out = _errors.pair(loss, out)
        elif wants_value:
            self.value_out, self.grad_out = _errors.pair(loss, out)
        else:
            self.grad_out = out
        return 0

    cdef object place_derivatives(self, Plan plan, Call* call, bint second, const Shape* shape, ndarray y_pred, tuple further,
                                  object given):
        """The gradient or the Hessian: an array, or one for each of several predictions."""
        cdef bint rows = plan.walks_rows(call)
        cdef int ndim = cnp.PyArray_NDIM(y_pred), k
        cdef const Py_ssize_t* dims = <const Py_ssize_t*>cnp.PyArray_DIMS(y_pred)
        cdef list placed
        if plan.predictions == 1:
            return self.place(plan, &call.hess if second else &call.grad, ndim, dims, shape, shape.axis, rows, y_pred, given)
        given = _errors.parts(plan.loss, given)
        placed = [self.place(plan, &call.hess if second else &call.grad, ndim, dims, shape, shape.axis, rows, y_pred, given[0])]
        for k in range(plan.predictions - 1):
            placed.append(self.place(plan, &call.further[k].hess if second else &call.further[k].grad, ndim, dims, shape, shape.axis,
                                     rows, further[k], given[k + 1]))
        return tuple(placed)

    cdef ndarray place(self, Plan plan, Operand* target, int ndim, const Py_ssize_t* dims, const Shape* shape, int axis, bint rows,
                       ndarray y_pred, object given):
        """Describe the array that a result is written to."""
        cdef ndarray array
        cdef Overlap overlap
        if given is None:
            array = fresh(ndim, dims, y_pred)
            describe(target, array, number_of(array), shape.bits, axis, rows)
            return array
        if not fits(given, ndim, dims):
            _errors.check_out(plan.loss, given, lengths(ndim, dims))
        array = given
        overlap = self.overlap_with_inputs(array, plan.labels == LISTS)
        if overlap == ACROSS:
            array = np.empty_like(array)
            self.copies = self.copies or []
            self.copies.append((given, array))
        describe(target, array, number_of(array), shape.bits, axis, rows)
        self.direct |= overlap == APART
        if overlap == IN_PLACE:
            self.in_place = True
            target.direct = False
        return given

    cdef Overlap overlap_with_inputs(self, ndarray array, bint whole_rows) except? ACROSS:
        cdef Extent extent = extent_of(array)
        cdef Overlap overlap = max(overlap_of(array, &extent, self.y_pred, whole_rows), overlap_of(array, &extent, self.y_true, whole_rows),
                                   overlap_of(array, &extent, self.weight, whole_rows))
        for other in self.others:
            overlap = max(overlap, overlap_of(array, &extent, other, whole_rows))
        return overlap

    cdef int close(self) except -1:
        if self.copies is not None:
            for given, computed in self.copies:
                given[...] = computed
        return 0


cdef Results NO_RESULTS = Results.__new__(Results)      # those of a call that gives but a number: it is never opened


cdef Overlap overlap_of(ndarray array, const Extent* extent, ndarray source, bint whole_rows) except? ACROSS:
    """Of a result, whose extent is known, with an input; where results need whole rows, none is in place."""
    if source is None or not near(extent[0], extent_of(source)):
        return APART
    if same_place(array, source) and not whole_rows:
        return IN_PLACE
    return ACROSS if _arrays.share_memory(array, source) else APART


cdef void clear_results(Call* call) noexcept:
    cdef int k
    call.value.present = call.grad.present = call.hess.present = False
    call.value.direct = call.grad.direct = call.hess.direct = False
    for k in range(FURTHER):
        call.further[k].grad.present = call.further[k].hess.present = False
        call.further[k].grad.direct = call.further[k].hess.direct = False


cdef int refuse_common_memory(object loss, object value, object grad, object hess) except -1:
    """No two results may share memory."""
    cdef list results
    cdef int i, k
    if value is None and hess is None and not isinstance(grad, tuple):
        return 0
    results = [value]
    for derivative in (grad, hess):
        results += derivative if isinstance(derivative, tuple) else (derivative,)
    results = [result for result in results if result is not None]
    for i in range(<int>len(results)):
        for k in range(i):
            if near(extent_of(results[i]), extent_of(results[k])) and _arrays.share_memory(results[i], results[k]):
                raise _errors.shared_outputs(loss)
    return 0


cdef bint fits(object given, int ndim, const Py_ssize_t* dims):
    """Whether an array can take a result; if not, `_errors.check_out` says why."""
    if not cnp.PyArray_CheckExact(given) or not has_shape(given, ndim, dims) or not cnp.PyArray_ISWRITEABLE(given):
        return False
    if not HALF <= number_of(given) <= FLOAT64:
        return False
    return cnp.PyArray_IS_C_CONTIGUOUS(given) or not _errors.overlaps_itself(given)


cdef ndarray fresh(int ndim, const Py_ssize_t* dims, ndarray y_pred):
    """A new array of y_pred's floating dtype; float64 where y_pred holds integers."""
    cdef int number = number_of(y_pred)
    if number == BFLOAT16:
        return np.empty(lengths(ndim, dims), y_pred.dtype.newbyteorder("="))
    return cnp.PyArray_EMPTY(ndim, <cnp.npy_intp*>dims, cnp.NPY_FLOAT if number == FLOAT32 else
                             (cnp.NPY_FLOAT16 if number == HALF else cnp.NPY_DOUBLE), 0)
