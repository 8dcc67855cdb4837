/* The C API of pyloss: its kernels for other packages, and theirs for pyloss.
 *
 * Compile against pyloss.get_include(), and call import_pyloss() once, in each source file that calls anything else of this header, when
 * your module is imported. docs/kernels.md has examples. */
#ifndef PYLOSS_H
#define PYLOSS_H
#include <Python.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A block kernel, which pyloss.from_kernel takes: it fills value, grad and hess for n elements, unscaled and without weights.
 *
 * `outputs` says which of them are read afterwards, so that the others may be left alone; all three can be written to in any case, and no
 * result overlaps another array; y_true and y_pred may be the same. `parameters` are those given to from_kernel. It is called without
 * the GIL, from several threads at once. */
typedef void (*pyloss_kernel)(const double *y_true, const double *y_pred, const double *parameters, int outputs, double *value,
                              double *grad, double *hess, ptrdiff_t n);
typedef void (*pyloss_kernel32)(const float *y_true, const float *y_pred, const double *parameters, int outputs, float *value,
                                float *grad, float *hess, ptrdiff_t n);

enum { PYLOSS_VALUE = 1, PYLOSS_GRAD = 2, PYLOSS_HESS = 4 };

/* An elementwise loss of pyloss, opened for calls without the GIL. It never changes, so any number of threads may use it at once. */
typedef struct pyloss_loss pyloss_loss;

/* What an evaluation answers. */
enum { PYLOSS_OK = 0, PYLOSS_BAD_Y_TRUE = 1, PYLOSS_BAD_Y_PRED = 2, PYLOSS_NO_HESS = 3 };

/* The number of this interface: it changes when anything below changes but by an addition at the end. */
#define PYLOSS_ABI 1

typedef struct {
    int abi;
    size_t size; /* of this struct in the pyloss that is running: functions may have been added at its end */
    pyloss_loss *(*open)(PyObject *loss);
    void (*close)(pyloss_loss *loss);
    const char *(*name)(const pyloss_loss *loss);
    int (*has_hess)(const pyloss_loss *loss);
    int (*evaluate)(const pyloss_loss *loss, const double *y_true, const double *y_pred, ptrdiff_t n, double *value, double *grad,
                    double *hess, ptrdiff_t *where);
    int (*evaluate32)(const pyloss_loss *loss, const float *y_true, const float *y_pred, ptrdiff_t n, float *value, float *grad,
                      float *hess, ptrdiff_t *where);
    int (*sum)(const pyloss_loss *loss, const double *y_true, const double *y_pred, ptrdiff_t n, double *sum, ptrdiff_t *where);
    int (*sum32)(const pyloss_loss *loss, const float *y_true, const float *y_pred, ptrdiff_t n, double *sum, ptrdiff_t *where);
} pyloss_api;

static const pyloss_api *PYLOSS_API = NULL;

/* 0, or -1 with an ImportError: there is no pyloss, or one of another interface, or one older than this header. */
static inline int import_pyloss(void)
{
    const pyloss_api *api = (const pyloss_api *)PyCapsule_Import("pyloss._engine.C_API", 0);
    if (api == NULL) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_SetString(PyExc_ImportError, "this pyloss has no C API");
        }
        return -1;
    }
    if (api->abi != PYLOSS_ABI || api->size < sizeof(pyloss_api)) {
        PyErr_Format(PyExc_ImportError, "compiled against a pyloss with the C API %d of %zu bytes, but this pyloss has %d of %zu bytes",
                     PYLOSS_ABI, sizeof(pyloss_api), api->abi, api->size);
        return -1;
    }
    PYLOSS_API = api;
    return 0;
}

/* An elementwise loss object, be it one of pyloss.LOSSES or of pyloss.from_kernel, with all its parameters; NULL with a TypeError for
 * anything else. The handle keeps the loss alive until it is closed. Opening and closing need the GIL, nothing else does. */
static inline pyloss_loss *pyloss_open(PyObject *loss)
{
    if (PYLOSS_API == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "import_pyloss() was not called in this source file");
        return NULL;
    }
    return PYLOSS_API->open(loss);
}

static inline void pyloss_close(pyloss_loss *loss) { PYLOSS_API->close(loss); }

/* In UTF-8; it lives as long as the handle. */
static inline const char *pyloss_name(const pyloss_loss *loss) { return PYLOSS_API->name(loss); }

/* Whether the loss gives a second derivative: all do but those of from_kernel with hess=False. */
static inline int pyloss_has_hess(const pyloss_loss *loss) { return PYLOSS_API->has_hess(loss); }

/* Values and derivatives of n elements, unscaled, on the calling thread; what is NULL is not asked for. The results may not overlap one
 * another or the inputs.
 *
 * If the loss was made with check=True, the first number out of its domain ends it: the answer is then PYLOSS_BAD_Y_TRUE or
 * PYLOSS_BAD_Y_PRED, `where` (if it is not NULL) holds the number's index, and the results may be partly written. */
static inline int pyloss_evaluate(const pyloss_loss *loss, const double *y_true, const double *y_pred, ptrdiff_t n, double *value,
                                  double *grad, double *hess, ptrdiff_t *where)
{
    return PYLOSS_API->evaluate(loss, y_true, y_pred, n, value, grad, hess, where);
}

static inline int pyloss_evaluate32(const pyloss_loss *loss, const float *y_true, const float *y_pred, ptrdiff_t n, float *value,
                                    float *grad, float *hess, ptrdiff_t *where)
{
    return PYLOSS_API->evaluate32(loss, y_true, y_pred, n, value, grad, hess, where);
}

/* The sum of the values: the same bits as from the loss with reduction="sum". It answers as above. */
static inline int pyloss_sum(const pyloss_loss *loss, const double *y_true, const double *y_pred, ptrdiff_t n, double *sum,
                             ptrdiff_t *where)
{
    return PYLOSS_API->sum(loss, y_true, y_pred, n, sum, where);
}

static inline int pyloss_sum32(const pyloss_loss *loss, const float *y_true, const float *y_pred, ptrdiff_t n, double *sum,
                               ptrdiff_t *where)
{
    return PYLOSS_API->sum32(loss, y_true, y_pred, n, sum, where);
}

#ifdef __cplusplus
}
#endif
#endif
