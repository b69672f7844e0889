"""Compile the exact trainer to WebAssembly: ``python compile.py``, or ``--check`` it.

The same compiler makes the same bytes on every machine. Other compilers make others, which
compute the same.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("trainer.c")
BINARY = Path(__file__).with_name("trainer.wasm")
# Of the floating point: nothing fused, nothing reordered.
ARITHMETIC = ("-O3", "-ffp-contract=off", "-fno-math-errno")
# Small: loops of unknown length stay loops, and rules of the optimizers share code. No slower.
SMALL = ("-mllvm", "-unroll-runtime=false", "-mllvm", "-inline-threshold=50")
TARGET = ("-target", "wasm32-freestanding", "-mcpu=generic+simd128+bulk_memory")
FREESTANDING = ("-nostdlib", "-fno-builtin", "-Wl,--no-entry", "-Wl,--strip-all")
WARNINGS = ("-Wall", "-Wextra", "-Werror")


def compile_trainer() -> bytes:
    """Return the WebAssembly of the trainer, made by the compiler of this environment."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / BINARY.name
        options = (*ARITHMETIC, *SMALL, *TARGET, *FREESTANDING, *WARNINGS)
        # From its own folder: no path of this machine gets into the file.
        subprocess.run(
            [sys.executable, "-m", "ziglang", "cc", *options, "-o", str(made), SOURCE.name],
            check=True,
            cwd=SOURCE.parent,
        )
        return made.read_bytes()


if __name__ == "__main__":
    compiled = compile_trainer()
    if "--check" not in sys.argv[1:]:
        BINARY.write_bytes(compiled)
    elif BINARY.read_bytes() != compiled:
        sys.exit(f"{BINARY.name} is not what {SOURCE.name} compiles to: run `nox -s wasm`")
