"""How accurate pyloss is, measured: the worst errors of every loss and of every vector function, and the record of them.

`make accuracy` measures everything and writes what improved to the records beside this file, from which docs/accuracy.md is made.
"""
