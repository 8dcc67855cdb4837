# The calls of a loss object, compiled: a frame of Python's between a loss and its plan takes as long as the loss of 32 numbers.

@cython.auto_pickle(False)
cdef class Calls:
    """What a loss object with a plan can be asked."""

    cdef public Plan _plan

    def __call__(self, y_true, y_pred, sample_weight=None, *, out=None):
        """__call__($self, /, y_true, y_pred, sample_weight=None, *, out=None)\n--\n\nThe reduced loss, a float; with reduction="none"
        an array, which goes into `out` if that is given."""
        return plan_of(self).run(VALUE, y_true, y_pred, sample_weight, out, None, (), None)

    def grad(self, y_true, y_pred, sample_weight=None, *, out=None):
        """The gradient of the reduced loss with respect to `y_pred`; into `out` if that is given, which may be `y_pred` itself."""
        return plan_of(self).run(GRAD, y_true, y_pred, sample_weight, out, None, (), None)

    def value_and_grad(self, y_true, y_pred, sample_weight=None, *, out=None):
        """The value and the gradient from one reading of the data. `out` takes the gradient; with reduction="none", a pair of arrays."""
        return plan_of(self).run(VALUE_GRAD, y_true, y_pred, sample_weight, out, None, (), None)


@cython.auto_pickle(False)
cdef class CurvedCalls(Calls):
    """The same, of one with a diagonal second derivative."""

    def grad_and_hess(self, y_true, y_pred, sample_weight=None, *, out=None):
        """The gradient and the diagonal of the Hessian. `out` is a pair of arrays, of which either may be None."""
        return plan_of(self).run(GRAD_HESS, y_true, y_pred, sample_weight, out, None, (), None)


cdef inline Plan plan_of(Calls loss):
    if loss._plan is None:
        raise TypeError(f"{type(loss).__name__}: it has no plan; a subclass must call Loss.__init__")
    return loss._plan
