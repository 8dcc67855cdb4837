# A plan is what a loss object has compiled: it takes arrays through the stages of one evaluation.

cdef enum Labels:
    NEVER, MAYBE, ALWAYS    # class indices in the place of a distribution
    ROWS                    # one real number a row
    LISTS                   # class indices in y_pred's shape: lists that a -1 ends
    NO_TRUTH

cdef enum Reduction:
    MEAN, SUM, BATCHMEAN, NONE

cdef enum:
    FORGOTTEN = 16          # nans behind the parameters of a caller's own kernel

cdef dict LABELS = {"never": NEVER, "maybe": MAYBE, "always": ALWAYS, "rows": ROWS, "lists": LISTS, "none": NO_TRUTH}
cdef dict REDUCTIONS = {"mean": MEAN, "sum": SUM, "batchmean": BATCHMEAN, "none": NONE}


cdef struct Shape:
    # The shape of the values: of y_pred, or of its rows.
    int ndim
    Py_ssize_t[MAX_DIMS] dims
    Py_ssize_t size
    Py_ssize_t classes      # entries of a row; 1 where there are no rows
    int axis                # of the classes; -1 where there are none
    int bits                # of the kernels


cdef void set_domain(Domain* domain, object declared, int bits, bint check):
    domain.checked = check and (declared.low > -INFINITY or declared.high < INFINITY or declared.integral)
    domain.integral = declared.integral
    domain.low = first_inside(declared.low, declared.low_open, bits)
    domain.high = -first_inside(-declared.high, declared.high_open, bits)


cdef double first_inside(double low, bint is_open, int bits):
    """The least number of the kernel's type that is not below a lower end, nor the end itself if that is open."""
    cdef double first = <float>low if bits == 32 else low
    if first > low or (first == low and not is_open):
        return first
    return nextafterf(<float>first, <float>INFINITY) if bits == 32 else nextafter(first, INFINITY)


cpdef inline bint is_tame(double total) noexcept:
    """Whether a total weight may stay as it is: it is in the middle of the range, 0 or nan."""
    return not (0 < total < 2.0**-40 or total > 2.0**40)


cdef bint fit_float32(tuple numbers) except -1:
    """Whether each is 0, infinite or of the size that float32's normal numbers have."""
    cdef double number
    for number in numbers:
        if not (number == 0 or FLT_MIN <= fabs(number) <= FLT_MAX or isinf(number)):
            return False
    return True


cdef void leave_unchecked(Call* call) noexcept nogil:
    """The numbers, where another reading of the same data has checked them; labels and weights always are."""
    cdef int k
    call.y_true_domain.checked = call.y_pred_domain.checked = False
    for k in range(FURTHER):
        call.further[k].domain.checked = False


cdef int set_parameters(double* own, tuple given) except -1:
    cdef int i
    if len(given) > PARAMETERS:
        raise ValueError(f"a point takes {<int>PARAMETERS} parameters, got {len(given)}")
    for i in range(<int>len(given)):
        own[i] = given[i]
    return 0


@cython.final
cdef class Plan:
    """How one loss object is evaluated: everything about it that does not depend on the arrays."""

    cdef readonly object loss       # which has this plan: the collector frees both
    cdef bytes name_bytes
    cdef const char* name
    cdef bint curved        # there is a second derivative
    cdef int point          # its number, or -1
    cdef bint without_kernel    # of a loss that works otherwise; it is an error to ask its plan
    cdef BlockKernel own    # a kernel of the caller's own, and its parameters
    cdef ndarray own_parameters
    cdef int row_kernel     # the same
    cdef bint pair          # the point sees two predictions
    cdef int predictions    # how many there are
    cdef Labels labels
    cdef Reduction reduction
    cdef readonly bint double_only      # the kernels are those of float64, whatever the arrays hold
    cdef bint checks, rowwise, statistics, bool_truth, exact_truth, zero_if_empty, raise_if_empty
    cdef int axis
    cdef double[PARAMETERS] parameters
    cdef str factors_name               # of the loss's field with one number for each class; None where there is none
    cdef ndarray class_factors
    cdef bint weighs_rows, ignores
    cdef double ignored, smoothing
    cdef Domain[2] y_true_domain, y_pred_domain      # for float32 and for float64
    cdef Domain[2][FURTHER] further_domains

    def __init__(self, loss not None, str kernel not None, *, tuple parameters=(), bint rowwise=False, str labels="never", int axis=-1,
                 bint statistics=False, bint double_only=False, str class_factors=None, tuple factors=None,
                 bint weighs_rows=False, object ignored=None, double smoothing=0, tuple own=None):
        """`own` are the addresses of block kernels for float32, or 0, and for float64, which are taken in the place of a kernel of pyloss;
        then there may be any number of parameters. `class_factors` names the field of the loss that holds one number for each class, or
        None, and `factors` are those numbers if the kernel takes them in another form. The truth is multiplied with them; a pair has them
        for its second prediction. With `weighs_rows` the mean divides by them too. Rows of the label `ignored` count nothing, and
        `smoothing` is the share of the truth that all classes have alike.
        """
        cdef int i, k
        cdef tuple domains = tuple(loss.predictions.values()) or (loss.y_pred_domain,)
        if class_factors is not None and factors is None:
            factors = getattr(loss, class_factors)
        if weighs_rows and factors is not None and loss.reduction == "mean":
            factors = _arrays.evened(factors)
        self.factors_name = class_factors
        self.class_factors = None if factors is None else np.array(factors, dtype=np.float64)
        self.weighs_rows = weighs_rows and factors is not None
        self.ignores = ignored is not None
        self.ignored = ignored if self.ignores else 0
        self.smoothing = smoothing
        self.loss = loss
        self.name_bytes = loss.name.encode()
        self.name = self.name_bytes
        self.curved = hasattr(loss, "grad_and_hess")
        if own is None:
            self.set_kernel(kernel, parameters)
        else:
            self.set_own_kernel(own, parameters)
        self.predictions = <int>len(domains)
        self.labels = LABELS[labels]
        self.reduction = REDUCTIONS[loss.reduction]
        self.checks = loss.check
        self.rowwise = rowwise
        self.statistics = statistics
        self.double_only = double_only
        if own is None:
            self.double_only |= not fit_float32(parameters + tuple(factors or ()))
        else:
            self.double_only |= self.own.blocks[0] == NULL
        self.axis = axis
        self.zero_if_empty = loss.on_empty == "zero"
        self.raise_if_empty = loss.on_empty == "raise"
        self.bool_truth = loss.y_true_domain.accepts_bool
        self.exact_truth = loss.y_true_domain.bounded
        for i in range(2):
            set_domain(&self.y_true_domain[i], loss.y_true_domain, 32 << i, loss.check)
            set_domain(&self.y_pred_domain[i], domains[0], 32 << i, loss.check)
            for k in range(self.predictions - 1):
                set_domain(&self.further_domains[i][k], domains[k + 1], 32 << i, loss.check)

    cdef int set_kernel(self, str name, tuple parameters) except -1:
        self.pair = name in PAIR_NUMBERS
        self.point = PAIR_NUMBERS[name] if self.pair else POINT_NUMBERS.get(name, -1)
        self.without_kernel = self.point < 0 and name not in ROW_NUMBERS
        self.row_kernel = -1
        if not self.without_kernel and (self.point < 0 or self.smoothing != 0):
            self.row_kernel = ROW_NUMBERS[name if self.point < 0 else "smoothed"]
        return set_parameters(self.parameters, parameters)

    cdef int set_own_kernel(self, tuple addresses, tuple parameters) except -1:
        cdef int i
        self.point = self.row_kernel = -1
        for i in range(2):
            self.own.blocks[i] = <void*><size_t>addresses[i]
        # A kernel that reads more parameters than there are finds nans.
        self.own_parameters = np.array(parameters + (NAN,) * FORGOTTEN, dtype=np.float64)
        self.own.parameters = <const double*>cnp.PyArray_DATA(self.own_parameters)
        return 0

    cdef void put_point(self, Call* call, int bits) noexcept nogil:
        """What is evaluated, and where it is defined."""
        cdef int k
        call.wide = kernels64
        call.origin = 0
        call.point = self.point
        call.row_kernel = self.row_kernel
        call.own = self.own
        call.pair = self.pair
        for k in range(PARAMETERS):
            call.parameters[k] = self.parameters[k]
        call.y_true_domain = self.y_true_domain[bits == 64]
        call.y_pred_domain = self.y_pred_domain[bits == 64]

    def add_to(self, Sums sums not None, y_true, y_pred, sample_weight=None, parameters=()):
        """Add what this call sums up, and its weights, to `sums`; with `parameters` in place of the first of the point's own.

        It gives the number of rows.
        """
        return self.run(ALL if self.statistics else VALUE, y_true, y_pred, sample_weight, None, None, tuple(parameters), sums)

    def sums_of(self, y_true, y_pred, sample_weight=None, parameters=()):
        """What `add_to` adds to no sums, each rounded once."""
        cdef Sums sums = Sums.__new__(Sums)
        self.add_to(sums, y_true, y_pred, sample_weight, parameters)
        return sums.rounded()

    def value_of(self, Sums sums not None, Py_ssize_t rows):
        """What the loss of all that `add_to` has summed up is, in so many rows."""
        cdef double total_weight = exact_round(&sums.total[<int>WEIGHT])
        cdef int unit = EXACT_REACH if self.reduction == MEAN and isinf(total_weight) else 0
        if unit:
            total_weight = exact_scaled(&sums.total[<int>WEIGHT], -unit)
        return self.reduced(rows, &sums.total[0], total_weight, unit)

    def scaled_grad(self, double scale, y_true, y_pred, sample_weight=None, out=None, parameters=(), bint again=False):
        """The point's gradient times a scale of the caller's, not the reduction's; with `parameters` as in `add_to`, which has checked the
        same data if they are read again."""
        return self.run(GRAD, y_true, y_pred, sample_weight, out, scale, tuple(parameters), None, again)

    cdef object run(self, Outputs outputs, object y_true, object y_pred, object sample_weight, object out, object scaling,
                    tuple parameters, Sums sums, bint again=False):
        cdef tuple masks = (), further = ()
        if self.without_kernel:
            raise TypeError(f"{type(self.loss).__name__}: pyloss has no kernel for it")
        if not self.are_plain(y_true, y_pred, sample_weight):
            y_true, y_preds, sample_weight, masks = _arrays.plain(
                self.loss, y_true, y_pred, sample_weight, self.axis if self.rowwise else None)
            y_pred, further = y_preds[0], y_preds[1:]
        elif self.predictions > 1:
            y_pred, further = (<tuple>y_pred)[0], (<tuple>y_pred)[1:]
        return self.run_arrays(outputs, y_true, y_pred, further, sample_weight, masks, out, scaling, parameters, sums, again)

    cdef bint are_plain(self, object y_true, object y_pred, object sample_weight):
        """Whether these are arrays, without a mask and as many as there should be."""
        if not (y_true is None if self.labels == NO_TRUTH else cnp.PyArray_CheckExact(y_true)):
            return False
        if sample_weight is not None and not cnp.PyArray_CheckExact(sample_weight):
            return False
        if self.predictions == 1:
            return cnp.PyArray_CheckExact(y_pred)
        return type(y_pred) is tuple and len(<tuple>y_pred) == self.predictions and all_arrays(<tuple>y_pred)

    cdef object run_arrays(self, Outputs outputs, ndarray y_true, ndarray y_pred, tuple further, ndarray weight, tuple masks,
                           object out, object scaling, tuple parameters, Sums sums, bint again):
        cdef Call call
        cdef Shape shape
        cdef Results results = NO_RESULTS
        cdef Partial partial
        cdef double total_weight
        self.open_inputs(&call, &shape, y_true, y_pred, further)
        set_parameters(call.parameters, parameters)
        total_weight = self.open_weights(&call, &shape, weight, masks, sums)
        if self.reduction == MEAN and sums is None and scaling is None and weight is not None and not is_tame(total_weight):
            weight = _arrays.tamed(weight, total_weight)
            total_weight = self.open_weights(&call, &shape, weight, masks, sums)
        call.outputs = outputs
        call.statistics = self.statistics and outputs == ALL
        call.summed = self.reduction != NONE or sums is not None
        if outputs == VALUE and call.summed and out is None:
            clear_results(&call)
        else:
            results = Results.__new__(Results)
            results.open(self, &call, &shape, y_true, y_pred, further, weight, masks, out)
        call.scale = 1
        if scaling is not None:
            call.scale = scaling
        elif sums is None:
            call.scale = self.scale_of(rows_of(&shape), total_weight)
        if again:
            leave_unchecked(&call)
        if results.in_place:
            call.outputs = NOTHING
            self.execute(&call, &shape, &partial, y_true, y_pred, further, False)
            call.outputs = outputs
            leave_unchecked(&call)
        self.execute(&call, &shape, &partial, y_true, y_pred, further, results.direct and not results.in_place)
        results.close()
        if sums is not None:
            sums.add(&partial)
            return rows_of(&shape)
        return self.answer(&call, &shape, &partial, results, total_weight)

    # The stages ---------------------------------------------------------------------------------------------------------------------

    cdef int open_inputs(self, Call* call, Shape* shape, ndarray y_true, ndarray y_pred, tuple further) except -1:
        """Check shapes and dtypes; choose the precision; describe the arrays to the kernels."""
        cdef int k
        self.open_shape(call, shape, y_true, y_pred)
        shape.bits = 64 if self.double_only else 32
        if self.labels != NO_TRUTH:
            self.check_truth(call, shape, y_true)
        self.check_prediction(shape, y_pred, 0)
        for k in range(self.predictions - 1):
            if not same_shape(further[k], y_pred):
                raise _errors.unequal_predictions(self.loss, (y_pred, *further))
            self.check_prediction(shape, further[k], k + 1)
        self.put_point(call, shape.bits)
        call.classes = shape.classes
        call.class_factors = self.factors_for(shape, y_pred)
        call.weighs_rows = self.weighs_rows
        call.truth_in_rows = self.walks_rows(call)
        call.ignores = self.ignores
        call.ignored = self.ignored
        call.kept = 1 - self.smoothing
        call.shared = self.smoothing / shape.classes
        describe(&call.y_pred, y_pred, number_of(y_pred), shape.bits, shape.axis, self.walks_rows(call))
        for k in range(FURTHER):
            call.further[k].domain = self.further_domains[shape.bits == 64][k]
            call.further[k].y_pred.present = False
        for k in range(self.predictions - 1):
            describe(&call.further[k].y_pred, further[k], number_of(further[k]), shape.bits, shape.axis, self.walks_rows(call))
        call.y_true.present = False
        if self.labels != NO_TRUTH:
            self.describe_truth(call, shape, y_true)
        return 0

    cdef int check_truth(self, const Call* call, Shape* shape, ndarray y_true) except -1:
        cdef int number = number_of(y_true)
        if number == NUMBERS or (number == BOOL and not self.bool_truth) or (call.labels and not INT8 <= number <= UINT64):
            raise _errors.bad_dtype(self.loss, "y_true", y_true, call.labels)
        if needs_double(number) and not call.labels and (number == FLOAT64 or not self.exact_truth):
            shape.bits = 64
        return 0

    cdef int check_prediction(self, Shape* shape, ndarray y_pred, int place) except -1:
        cdef int number = number_of(y_pred)
        if number == NUMBERS or number == BOOL:
            raise _errors.bad_dtype(self.loss, _errors.prediction(self.loss, place), y_pred)
        if number <= UINT64 or number == FLOAT64:
            shape.bits = 64
        return 0

    cdef int describe_truth(self, Call* call, const Shape* shape, ndarray y_true) except -1:
        cdef int number = number_of(y_true)
        cdef bint rows = self.walks_rows(call)
        if call.lists:
            describe(&call.y_true, y_true, number, 64, shape.axis)
        elif call.labels:
            describe(&call.y_true, y_true, number, 64)
        elif self.labels == ROWS:
            call.row_truth = rows
            describe_repeated(&call.y_true, y_true, number, shape.bits, shape.ndim, shape.dims, 1 if rows else shape.classes)
        else:
            describe(&call.y_true, y_true, number, shape.bits, shape.axis, rows)
        return 0

    cdef int open_shape(self, Call* call, Shape* shape, ndarray y_true, ndarray y_pred) except -1:
        cdef int ndim = cnp.PyArray_NDIM(y_pred), d, k = 0
        shape.axis = -1
        shape.classes = 1
        call.labels = call.lists = call.row_truth = False
        if self.rowwise:
            shape.axis = self.axis + ndim if self.axis < 0 else self.axis
            if not 0 <= shape.axis < ndim:
                raise _errors.bad_axis(self.loss, y_pred)
            shape.classes = cnp.PyArray_DIM(y_pred, shape.axis)
            if shape.classes == 0:
                raise _errors.no_classes(self.loss, y_pred)
        for d in range(ndim):
            if d != shape.axis:
                shape.dims[k] = cnp.PyArray_DIM(y_pred, d)
                k += 1
        shape.ndim = k
        shape.size = product(k, shape.dims)
        if self.labels == NO_TRUTH:
            return 0
        call.labels = (self.labels == MAYBE or self.labels == ALWAYS) and has_shape(y_true, k, shape.dims)
        if call.labels or (self.labels == ROWS and has_shape(y_true, k, shape.dims)):
            return 0
        if self.labels == ALWAYS or self.labels == ROWS or not same_shape(y_true, y_pred):
            raise _errors.bad_shapes(self.loss, y_true, y_pred, self.labels != NEVER and self.labels != LISTS,
                                     self.labels == ALWAYS or self.labels == ROWS)
        call.labels = call.lists = self.labels == LISTS
        return 0

    cdef const double* factors_for(self, const Shape* shape, ndarray y_pred) except? NULL:
        if self.class_factors is None:
            return NULL
        if cnp.PyArray_DIM(self.class_factors, 0) != shape.classes:
            raise _errors.bad_class_factors(self.loss, self.factors_name, y_pred, shape.axis)
        return <const double*>cnp.PyArray_DATA(self.class_factors)

    cdef inline bint walks_rows(self, const Call* call) noexcept:
        """Whether the kernel sees whole rows; else it sees elements."""
        return self.row_kernel >= 0 or call.labels

    cdef double open_weights(self, Call* call, Shape* shape, ndarray weight, tuple masks, Sums sums) except? -1:
        """Describe the weights and masks, and add them up: their total is needed before the first derivative is written."""
        cdef Partial partial
        cdef int number = NUMBERS, k
        call.weighted = weight is not None or len(masks) > 0 or (call.ignores and call.labels)
        call.checks_weights = self.checks
        call.weight.present = weight is not None
        for k in range(MASKS):
            call.masks[k].present = k < len(masks)
        if not call.weighted and not call.weighs_rows:
            if sums is not None:
                exact_add(&sums.total[<int>WEIGHT], shape.size)
            return shape.size
        if weight is not None:
            number = number_of(weight)
            if number == NUMBERS:
                raise _errors.bad_dtype(self.loss, "sample_weight", weight)
            if not (has_shape(weight, shape.ndim, shape.dims) or (shape.ndim > 1 and has_shape(weight, 1, shape.dims))):
                raise _errors.bad_weight_shape(self.loss, weight, lengths(shape.ndim, shape.dims))
        self.describe_weighing(call, shape, weight, number, masks, 1)
        call.size = shape.size
        execute(kernels64.weights, call, blocks_of(shape.size), BLOCK, &partial)
        if partial.fault != NO_FAULT:
            raise _errors.negative_weight(self.loss, weight, lengths(shape.ndim, shape.dims), partial.fault_index)
        if shape.classes > 1 and not self.walks_rows(call):
            self.describe_weighing(call, shape, weight, number, masks, shape.classes)
        if sums is not None:
            exact_merge(&sums.total[<int>WEIGHT], &partial.sums[0])
        return exact_round(&partial.sums[0])

    cdef int describe_weighing(self, Call* call, Shape* shape, ndarray weight, int number, tuple masks, Py_ssize_t classes) except -1:
        cdef ndarray mask
        cdef int k = 0
        if weight is not None:
            describe_repeated(&call.weight, weight, number, 64, shape.ndim, shape.dims, classes)
        for mask in masks:
            describe_repeated(&call.masks[k], mask, BOOL, 64, shape.ndim, shape.dims, classes)
            k += 1
        return 0

    cdef double divisor_of(self, Py_ssize_t rows, double total_weight) except? -1:
        """What the reduction divides by; 0 where there is nothing to average."""
        cdef double divisor = 1
        if self.reduction == MEAN:
            divisor = total_weight
        elif self.reduction == BATCHMEAN:
            divisor = rows
        if divisor == 0 and self.raise_if_empty:
            raise _errors.nothing_to_average(self.loss)
        return divisor

    cdef double scale_of(self, Py_ssize_t rows, double total_weight) except? -1:
        """What the reduction multiplies every derivative with."""
        cdef double divisor = self.divisor_of(rows, total_weight)
        return 1 / divisor if divisor != 0 else 0

    cdef int execute(self, Call* call, const Shape* shape, Partial* partial, ndarray y_true, ndarray y_pred, tuple further,
                     bint writes_out) except -1:
        """Choose the kernel, cut the data into its units and run them; turn a fault into an error."""
        cdef const Kernels* kernels = kernels64 if shape.bits == 64 else kernels32
        cdef Py_ssize_t elements = shape.size * shape.classes
        cdef range_fn run = kernels.elementwise
        cdef Py_ssize_t unit = BLOCK, unit_work = BLOCK
        call.size = elements
        if self.walks_rows(call):
            run = kernels.rows if self.row_kernel >= 0 else kernels.picked
            call.size = shape.size
            unit = rows_of_block(shape.classes) if self.row_kernel >= 0 else BLOCK
            unit_work = unit * (1 if self.row_kernel < 0 and call.outputs == VALUE else shape.classes)
        elif self.rowwise and call.value.present and not call.summed and call.outputs != NOTHING:
            run = kernels.rowsums
            call.size = shape.size
            unit = 1
            unit_work = shape.classes
        execute(run, call, units_of(call.size, unit), unit_work, partial)
        if partial.fault != NO_FAULT:
            raise _errors.fault(self.loss, <int>partial.fault - <int>Y_PRED_FAULT, partial.fault == LABEL_FAULT, y_true,
                                (y_pred, *further), shape.axis, partial.fault_index, writes_out)
        return 0

    cdef object answer(self, const Call* call, const Shape* shape, Partial* partial, Results results, double total_weight):
        cdef object value
        if call.outputs == VALUE or call.outputs == VALUE_GRAD:
            value = results.value if self.reduction == NONE else self.reduced(rows_of(shape), &partial.sums[0], total_weight, 0)
            return value if call.outputs == VALUE else (value, results.grad)
        return results.grad if call.outputs == GRAD else (results.grad, results.hess)

    cdef object reduced(self, Py_ssize_t rows, ExactSum* total, double total_weight, int unit):
        """`total_weight` is in units of 2^unit."""
        cdef double divisor = self.divisor_of(rows, total_weight)
        if divisor == 0:
            return 0.0 if self.zero_if_empty else NAN
        return exact_over(total, divisor, unit)


cdef bint all_arrays(tuple given):
    cdef object one
    for one in given:
        if not cnp.PyArray_CheckExact(one):
            return False
    return True


cdef inline Py_ssize_t rows_of(const Shape* shape) noexcept:
    return shape.dims[0] if shape.ndim else 1


cdef inline bint has_shape(ndarray a, int ndim, const Py_ssize_t* dims) noexcept:
    cdef int d
    if cnp.PyArray_NDIM(a) != ndim:
        return False
    for d in range(ndim):
        if cnp.PyArray_DIM(a, d) != dims[d]:
            return False
    return True
