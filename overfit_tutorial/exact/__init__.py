"""A trainer with the same bits on every machine, in NumPy and in WebAssembly."""
