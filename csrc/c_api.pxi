# The C API of pyloss.h: elementwise losses for other packages' code, without the GIL. A handle is the loss's plan.

cdef extern from "pyloss.h" nogil:
    enum:
        PYLOSS_OK, PYLOSS_BAD_Y_TRUE, PYLOSS_BAD_Y_PRED, PYLOSS_NO_HESS, PYLOSS_ABI
    ctypedef struct pyloss_loss:
        pass
    ctypedef struct pyloss_api:
        int abi
        size_t size
        pyloss_loss* (*open)(object loss) except NULL
        void (*close)(pyloss_loss* loss) noexcept
        const char* (*name)(const pyloss_loss* loss) noexcept
        int (*has_hess)(const pyloss_loss* loss) noexcept
        int (*evaluate)(const pyloss_loss* loss, const double* y_true, const double* y_pred, Py_ssize_t n, double* value, double* grad,
                        double* hess, Py_ssize_t* where) noexcept
        int (*evaluate32)(const pyloss_loss* loss, const float* y_true, const float* y_pred, Py_ssize_t n, float* value, float* grad,
                          float* hess, Py_ssize_t* where) noexcept
        int (*sum)(const pyloss_loss* loss, const double* y_true, const double* y_pred, Py_ssize_t n, double* sum,
                   Py_ssize_t* where) noexcept
        int (*sum32)(const pyloss_loss* loss, const float* y_true, const float* y_pred, Py_ssize_t n, double* sum,
                     Py_ssize_t* where) noexcept


cdef struct Flat:
    # Contiguous arrays of `bits`, as a caller gives them.
    int bits
    Py_ssize_t size
    const void* y_true
    const void* y_pred
    void* value
    void* grad
    void* hess


cdef void describe_flat(Operand* a, const void* data, const Flat* arrays, int kernel_bits) noexcept nogil:
    a.data = <char*>data
    a.number = FLOAT32 if arrays.bits == 32 else FLOAT64
    a.size = arrays.bits // 8
    a.swapped = False
    a.present = data != NULL
    a.direct = a.present and arrays.bits == kernel_bits
    a.ndim = 1
    a.shape[0] = arrays.size
    a.strides[0] = a.size
    a.class_stride = 0


cdef Outputs outputs_of(bint value, bint grad, bint hess) noexcept nogil:
    if hess:
        return ALL if value else GRAD_HESS
    if grad:
        return VALUE_GRAD if value else GRAD
    return VALUE if value else NOTHING


cdef int evaluate_flat(Plan plan, const Flat* arrays, bint summed, Partial* partial, Py_ssize_t* where) noexcept nogil:
    cdef Call call
    cdef int bits = 64 if plan.double_only else arrays.bits
    if arrays.hess != NULL and not plan.curved:
        return PYLOSS_NO_HESS
    plan.put_point(&call, bits)
    call.outputs = outputs_of(summed or arrays.value != NULL, arrays.grad != NULL, arrays.hess != NULL)
    call.summed = summed
    call.weighted = call.statistics = False
    call.class_factors = NULL
    call.scale = 1
    call.size = arrays.size
    describe_flat(&call.y_true, arrays.y_true, arrays, bits)
    describe_flat(&call.y_pred, arrays.y_pred, arrays, bits)
    describe_flat(&call.value, arrays.value, arrays, bits)
    describe_flat(&call.grad, arrays.grad, arrays, bits)
    describe_flat(&call.hess, arrays.hess, arrays, bits)
    clear_partial(partial)
    (kernels64 if bits == 64 else kernels32).elementwise(&call, 0, blocks_of(arrays.size), partial)
    if partial.fault == NO_FAULT:
        return PYLOSS_OK
    if where != NULL:
        where[0] = partial.fault_index
    return PYLOSS_BAD_Y_TRUE if partial.fault == Y_TRUE_FAULT else PYLOSS_BAD_Y_PRED


cdef int sum_flat(Plan plan, const Flat* arrays, double* total, Py_ssize_t* where) noexcept nogil:
    cdef Partial partial
    cdef int status = evaluate_flat(plan, arrays, True, &partial, where)
    if status == PYLOSS_OK:
        total[0] = exact_round(&partial.sums[0])
    return status


# The functions of the table ---------------------------------------------------------------------------------------------------------

cdef pyloss_loss* open_loss(object loss) except NULL:
    plan = getattr(loss, "_plan", None) if getattr(loss, "family", None) == "elementwise" else None
    if not isinstance(plan, Plan) or (<Plan>plan).loss is not loss:
        raise _errors.not_elementwise(loss)
    Py_INCREF(plan)
    return <pyloss_loss*><void*>plan


cdef void close_loss(pyloss_loss* loss) noexcept:
    if loss != NULL:
        Py_DECREF(<Plan><void*>loss)


cdef const char* name_of_loss(const pyloss_loss* loss) noexcept nogil:
    return (<Plan><void*>loss).name


cdef int loss_has_hess(const pyloss_loss* loss) noexcept nogil:
    return (<Plan><void*>loss).curved


cdef int evaluate64(const pyloss_loss* loss, const double* y_true, const double* y_pred, Py_ssize_t n, double* value, double* grad,
                    double* hess, Py_ssize_t* where) noexcept nogil:
    cdef Flat arrays = Flat(64, n, y_true, y_pred, value, grad, hess)
    cdef Partial partial
    return evaluate_flat(<Plan><void*>loss, &arrays, False, &partial, where)


cdef int evaluate32(const pyloss_loss* loss, const float* y_true, const float* y_pred, Py_ssize_t n, float* value, float* grad,
                    float* hess, Py_ssize_t* where) noexcept nogil:
    cdef Flat arrays = Flat(32, n, y_true, y_pred, value, grad, hess)
    cdef Partial partial
    return evaluate_flat(<Plan><void*>loss, &arrays, False, &partial, where)


cdef int sum64(const pyloss_loss* loss, const double* y_true, const double* y_pred, Py_ssize_t n, double* total,
               Py_ssize_t* where) noexcept nogil:
    cdef Flat arrays = Flat(64, n, y_true, y_pred, NULL, NULL, NULL)
    return sum_flat(<Plan><void*>loss, &arrays, total, where)


cdef int sum32(const pyloss_loss* loss, const float* y_true, const float* y_pred, Py_ssize_t n, double* total,
               Py_ssize_t* where) noexcept nogil:
    cdef Flat arrays = Flat(32, n, y_true, y_pred, NULL, NULL, NULL)
    return sum_flat(<Plan><void*>loss, &arrays, total, where)


cdef pyloss_api api = pyloss_api(
    abi=PYLOSS_ABI, size=sizeof(pyloss_api), open=open_loss, close=close_loss, name=name_of_loss, has_hess=loss_has_hess,
    evaluate=evaluate64, evaluate32=evaluate32, sum=sum64, sum32=sum32,
)

C_API = PyCapsule_New(&api, b"pyloss._engine.C_API", NULL)


def capsule_contents(given):
    """The pointer of a capsule, its name and its context, as numbers and a text; None for anything else."""
    cdef const char* name
    if not PyCapsule_CheckExact(given):
        return None
    name = PyCapsule_GetName(given)
    return <size_t>PyCapsule_GetPointer(given, name), "" if name == NULL else name.decode(), <size_t>PyCapsule_GetContext(given)
