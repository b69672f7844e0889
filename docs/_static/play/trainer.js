// Train a network by the package's WebAssembly. A trainer, this one or that of plain.js, is
//
//   begin({widths, x, y, weights, batch, rate, epochs, seed})   x, y in Float32Arrays
//   advance(mostSteps)     go on, unless it is over
//   steps, isOver, hasDiverged
//   weights()              [kernel, bias, ...] after the last step, copied
//
// and may begin again: its memory is used again, too.
"use strict";

function webAssemblyTrainer(binary) {
  const c = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports;
  const IN_ORDER = 0, SHUFFLED = 2, ADAM = 5;
  let widths, epochs;

  // Each layer is a row for each input and one of biases, filled up to a multiple of four.
  function eachRow(visit) {
    let at = c.weights();
    for (let layer = 1; layer < widths.length; layer++)
      for (let row = 0, nIn = widths[layer - 1], nOut = widths[layer]; row <= nIn; row++) {
        const inMemory = new Float32Array(c.memory.buffer, at, nOut);
        if (row < nIn) visit(inMemory, 2 * layer - 2, row * nOut);
        else visit(inMemory, 2 * layer - 1, 0);
        at += 16 * Math.ceil(nOut / 4);
      }
  }

  const write = (Kind, at, values) => new Kind(c.memory.buffer, at, values.length).set(values);

  return {
    begin(task) {
      ({ widths, epochs } = task);
      const n = task.x.length, stepsPerEpoch = task.batch ? Math.ceil(n / task.batch) : 1;
      const [high, low] = draws.numberOf(task.seed);
      const begin = c.begin(widths.length - 1);
      write(Int32Array, begin, widths);
      c.prepare(
        ...[begin, n, 0, task.batch || n, 1, task.batch ? SHUFFLED : IN_ORDER, ADAM, epochs],
        ...[epochs * stepsPerEpoch, 0, 0, 0, (BigInt(high) << 32n) | BigInt(low)],
      );
      write(Float32Array, c.points(), task.x);
      write(Float32Array, c.targets(), task.y);
      new Float64Array(c.memory.buffer, c.rates(), epochs * stepsPerEpoch).fill(task.rate);
      eachRow((row, part, begin) =>
        row.set(task.weights[part].subarray(begin, begin + row.length)),
      );
    },
    advance(mostSteps) {
      c.advance(epochs, mostSteps);
    },
    get steps() {
      return c.steps_done();
    },
    get isOver() {
      return !!c.is_over();
    },
    get hasDiverged() {
      return !!c.diverged();
    },
    weights() {
      const found = widths
        .slice(1)
        .flatMap((nOut, k) => [new Float32Array(widths[k] * nOut), new Float32Array(nOut)]);
      eachRow((row, part, begin) => found[part].set(row, begin));
      return found;
    },
  };
}
