"""The C API for Cython; include/pyloss.h says what everything is. Call import_pyloss() once, at the top of your module."""

cdef extern from "pyloss.h":
    ctypedef struct pyloss_loss:
        pass

    int import_pyloss() except -1
    pyloss_loss* pyloss_open(object loss) except NULL
    void pyloss_close(pyloss_loss* loss)

cdef extern from "pyloss.h" nogil:
    enum:
        PYLOSS_VALUE
        PYLOSS_GRAD
        PYLOSS_HESS

    enum:
        PYLOSS_OK
        PYLOSS_BAD_Y_TRUE
        PYLOSS_BAD_Y_PRED
        PYLOSS_NO_HESS

    const char* pyloss_name(const pyloss_loss* loss)
    bint pyloss_has_hess(const pyloss_loss* loss)
    int pyloss_evaluate(const pyloss_loss* loss, const double* y_true, const double* y_pred, Py_ssize_t n,
                        double* value, double* grad, double* hess, Py_ssize_t* where)
    int pyloss_evaluate32(const pyloss_loss* loss, const float* y_true, const float* y_pred, Py_ssize_t n,
                          float* value, float* grad, float* hess, Py_ssize_t* where)
    int pyloss_sum(const pyloss_loss* loss, const double* y_true, const double* y_pred, Py_ssize_t n,
                   double* sum, Py_ssize_t* where)
    int pyloss_sum32(const pyloss_loss* loss, const float* y_true, const float* y_pred, Py_ssize_t n,
                     double* sum, Py_ssize_t* where)
