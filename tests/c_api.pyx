# cython: language_level=3
"""A package that calls pyloss's kernels, and one's own kernel for pyloss: built and used by test_c_api.py."""
from pyloss cimport *

import_pyloss()


cdef class Opened:
    """A loss opened by the C API. Arrays are given by their addresses, 0 for none: what walks them costs seconds to compile."""

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

    def evaluate(self, Py_ssize_t n, size_t y, size_t p, size_t value, size_t grad, size_t hess):
        """A status, and the index of the first fault."""
        cdef Py_ssize_t where = -1
        cdef int status
        with nogil:
            status = pyloss_evaluate(self.handle, <double*>y, <double*>p, n, <double*>value, <double*>grad, <double*>hess, &where)
        return status, where

    def evaluate32(self, Py_ssize_t n, size_t y, size_t p, size_t value, size_t grad, size_t hess):
        cdef Py_ssize_t where = -1
        cdef int status
        with nogil:
            status = pyloss_evaluate32(self.handle, <float*>y, <float*>p, n, <float*>value, <float*>grad, <float*>hess, &where)
        return status, where

    def sum(self, Py_ssize_t n, size_t y, size_t p):
        """A status, and the sum."""
        cdef double total = -1
        cdef int status
        with nogil:
            status = pyloss_sum(self.handle, <double*>y, <double*>p, n, &total, NULL)
        return status, total

    def sum32(self, Py_ssize_t n, size_t y, size_t p):
        cdef double total = -1
        cdef int status
        with nogil:
            status = pyloss_sum32(self.handle, <float*>y, <float*>p, n, &total, NULL)
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
