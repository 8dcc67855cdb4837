"""pyloss against other libraries on the CPU: `make bench-peers`; and the instructions that it takes: `make bench-instructions`."""
