"""Ctrl-C in a call of seconds: every loss gives way within 100 ms, and is none the worse for it."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from strategies import each, like
from variants import CONTRASTIVE, EVERY, SORTED, data

import pyloss

TRIES = 7
WITHIN = 0.1
ROWS = 1 << 30
# What is sorted or multiplied in NumPy is NumPy's to interrupt.
COMPUTED = [variant for variant in EVERY if variant not in (*SORTED, *CONTRASTIVE)]

pytestmark = pytest.mark.skipif(
    os.name != "posix" or not hasattr(time, "pthread_getcpuclockid"),
    reason="a process cannot send itself Ctrl-C, or not tell the time of a thread",
)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Heard: a shell has it ignored by what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def endless(arrays, rows):
    """The first row, over and over, in the memory of one."""
    return like(arrays, (np.broadcast_to(part[:1], (rows, *part.shape[1:])) for part in each(arrays)))


def seconds_until_interrupted(call, *arguments):
    """From the signal to the exception: on the clock, and of this thread's own time, for others may have the processor."""
    clocks = time.CLOCK_MONOTONIC, time.pthread_getcpuclockid(threading.get_ident())
    sent, begun = [], threading.Event()

    def now():
        return np.array([time.clock_gettime(clock) for clock in clocks])

    def begin():
        begun.set()  # by the thread that calls: it may wait long for the processor, where it is this one's turn
        call(*arguments)

    def send():
        begun.wait()
        time.sleep(0.02)
        sent.append(now())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        begin()
    caught = now()
    sender.join()
    return caught - sent[0]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("variant", COMPUTED, ids=str)
def test_interrupts(variant, threads):
    y, p = data(variant, (5, 3))
    loss = variant()
    expected = loss(y, p)
    rows = ROWS >> 5 if variant.names_axes else ROWS  # where each row is a case, each takes memory
    long = endless(y, rows), endless(p, rows)
    with pyloss.threads(threads):
        took = [seconds_until_interrupted(loss, *long) for _ in range(TRIES)]
        assert loss(y, p) == expected
    # Others on the machine make a try longer, never shorter.
    assert min(clock for clock, _ in took) < WITHIN, took
    assert np.median([own for _, own in took]) < WITHIN, took


def test_the_threads_are_free_again():
    """What is interrupted gives them back: the next call runs on several, and has the same bits."""
    y, p = np.zeros(2_000_000), np.linspace(-1, 1, 2_000_000)
    long = np.broadcast_to(np.float32(1), ROWS)
    with pyloss.threads(1):
        expected = pyloss.mse(y, p)
    with pyloss.threads(2):
        for _ in range(TRIES):
            seconds_until_interrupted(pyloss.mse, long, long)
            assert pyloss.mse(y, p) == expected
