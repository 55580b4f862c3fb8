"""The only I/O of the operator: one request in, one reply out."""
