# cython: language_level=3
"""A package that calls pyloss's kernels, and one's own kernel for pyloss: built and used by test_c_api.py."""
from pyloss cimport *

import_pyloss()

ctypedef fused real:
    float
    double


cdef class Opened:
    """A loss opened by the C API; the methods answer a status and the index of the first fault."""

    cdef pyloss_loss* handle

    def __cinit__(self, loss):
        self.handle = pyloss_open(loss)

    def __dealloc__(self):
        if self.handle != NULL:
            pyloss_close(self.handle)

    @property
    def name(self):
        return pyloss_name(self.handle).decode()

    @property
    def has_hess(self):
        return pyloss_has_hess(self.handle)

    def evaluate(self, const real[::1] y_true not None, const real[::1] y_pred not None, real[::1] value, real[::1] grad,
                 real[::1] hess):
        cdef Py_ssize_t n = y_pred.shape[0], where = -1
        cdef const real* y = &y_true[0] if n else NULL
        cdef const real* p = &y_pred[0] if n else NULL
        cdef real* v = &value[0] if value is not None and n else NULL
        cdef real* g = &grad[0] if grad is not None and n else NULL
        cdef real* h = &hess[0] if hess is not None and n else NULL
        cdef int status
        with nogil:
            if real is float:
                status = pyloss_evaluate32(self.handle, y, p, n, v, g, h, &where)
            else:
                status = pyloss_evaluate(self.handle, y, p, n, v, g, h, &where)
        return status, where

    def sum(self, const real[::1] y_true not None, const real[::1] y_pred not None):
        cdef Py_ssize_t n = y_pred.shape[0]
        cdef const real* y = &y_true[0] if n else NULL
        cdef const real* p = &y_pred[0] if n else NULL
        cdef double total = -1
        cdef int status
        with nogil:
            if real is float:
                status = pyloss_sum32(self.handle, y, p, n, &total, NULL)
            else:
                status = pyloss_sum(self.handle, y, p, n, &total, NULL)
        return status, total


cdef api void brier(const double* y_true, const double* y_pred, const double* parameters, int outputs, double* value, double* grad,
                    double* hess, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double r
    for i in range(n):
        r = y_pred[i] - y_true[i]
        if outputs & PYLOSS_VALUE:
            value[i] = r * r
        if outputs & PYLOSS_GRAD:
            grad[i] = r + r
        if outputs & PYLOSS_HESS:
            hess[i] = 2


STATUS = {"ok": PYLOSS_OK, "y_true": PYLOSS_BAD_Y_TRUE, "y_pred": PYLOSS_BAD_Y_PRED, "no hess": PYLOSS_NO_HESS}
