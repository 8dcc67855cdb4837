# cython: language_level=3, wraparound=False, cdivision=True
"""The front door: arrays in, numbers and arrays out. It knows shapes, dtypes, weights, reductions and threads, but no loss by name.

Arrays are read through NumPy's C-API, not as typed memoryviews: those cost 100 ns an array, and cannot express half precision,
swapped bytes or unaligned data. The loops are in kernels.pyx.
"""
cimport cython
cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_CheckExact, PyCapsule_GetContext, PyCapsule_GetName, PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.float cimport FLT_MAX, FLT_MIN
from libc.math cimport INFINITY, NAN, fabs, isinf, nextafter, nextafterf
from numpy cimport dtype, ndarray

from pipeline cimport *

import numpy as np

from pyloss import _arrays, _errors

cnp.import_array()

include "operands.pxi"
include "schedule.pxi"
include "sums.pxi"
include "results.pxi"
include "plan.pxi"
include "calls.pxi"
include "case_calls.pxi"
include "c_api.pxi"
