// The trainer of trainer.js in JavaScript alone, for browsers without WebAssembly: the operations
// of overfit_tutorial.exact.definition, each rounded to single precision, in the same order. What
// adds an exact zero is left out: units that are dead on a whole batch, and rows of weights that
// no longer move.
"use strict";

function plainTrainer() {
  const f = Math.fround;
  const TENTH = f(0.1), THOUSANDTH = f(0.001), EPSILON = f(1e-7), SMALLEST = 2 ** -100;
  let task, layers, order, shuffle, room, powers, lastSize, total, nUsed;
  let steps, isOver, hasDiverged;

  function begin(asked) {
    task = asked;
    const { widths, x, batch, seed } = task;
    room = 4 * Math.ceil((batch || x.length) / 4); // points that a row has room for
    layers = widths.map((nOut, layer) => {
      const floats = (n) => new Float32Array(n), nIn = layer ? widths[layer - 1] : 0;
      const size = (nIn + 1) * nOut, w = floats(size); // biases are the last row
      if (layer) {
        w.set(task.weights[2 * layer - 2]);
        w.set(task.weights[2 * layer - 1], nIn * nOut);
      }
      return {
        nIn, nOut, w, m: floats(size), v: floats(size), gradient: floats(nOut),
        asleep: new Int32Array(nIn + 1), // of each row, the step after which it slept, or zero
        out: new Float64Array(nOut * room), slopes: new Float64Array(nOut * room), alive: [],
      };
    });
    layers[0].alive = [0];
    order = Int32Array.from(x.keys());
    shuffle = batch ? draws.shuffler(seed, order) : () => {};
    total = task.epochs * (batch ? Math.ceil(x.length / batch) : 1);
    nUsed = steps = lastSize = 0;
    powers = [1, 1];
    isOver = hasDiverged = false;
  }

  // -- Forward: each sum begins at the bias and takes the inputs as they come ----------------

  function forward(before, layer, n, isLast) {
    const { w, nIn, nOut, out } = layer, { alive, out: entered } = before, nAlive = alive.length;
    const units = [];
    let fault = 0;
    for (let j = 0; j < nOut; j++) {
      const bias = w[nIn * nOut + j];
      let isAlive = isLast;
      for (let s = 0; s < n; s += 4) {
        let a = bias, b = bias, c = bias, d = bias;
        for (let k = 0; k < nAlive; k++) {
          const i = alive[k], weight = w[i * nOut + j], at = i * room + s;
          a = f(a + f(weight * entered[at]));
          b = f(b + f(weight * entered[at + 1]));
          c = f(c + f(weight * entered[at + 2]));
          d = f(d + f(weight * entered[at + 3]));
        }
        fault += (a - a) + (b - b) + (c - c) + (d - d); // zero, or not a number
        const to = j * room + s;
        if (isLast) (out[to] = a), (out[to + 1] = b), (out[to + 2] = c), (out[to + 3] = d);
        else {
          isAlive = isAlive || a > 0 || b > 0 || c > 0 || d > 0;
          out[to] = a > 0 ? a : 0;
          out[to + 1] = b > 0 ? b : 0;
          out[to + 2] = c > 0 ? c : 0;
          out[to + 3] = d > 0 ? d : 0;
        }
      }
      if (isAlive) units.push(j);
    }
    layer.alive = units;
    if (fault !== 0) hasDiverged = true;
  }

  // -- Backward: sums begin at zero and take the outputs as they come ------------------------

  function backward(before, layer, n) {
    const { w, nOut, alive, slopes } = layer, nAlive = alive.length;
    for (const i of before.alive)
      for (let s = 0; s < n; s += 4) {
        let a = f(0), b = f(0), c = f(0), d = f(0);
        for (let k = 0; k < nAlive; k++) {
          const j = alive[k], weight = w[i * nOut + j], at = j * room + s;
          a = f(a + f(weight * slopes[at]));
          b = f(b + f(weight * slopes[at + 1]));
          c = f(c + f(weight * slopes[at + 2]));
          d = f(d + f(weight * slopes[at + 3]));
        }
        const to = i * room + s, { out } = before;
        before.slopes[to] = out[to] > 0 ? a : 0;
        before.slopes[to + 1] = out[to + 1] > 0 ? b : 0;
        before.slopes[to + 2] = out[to + 2] > 0 ? c : 0;
        before.slopes[to + 3] = out[to + 3] > 0 ? d : 0;
      }
  }

  // The gradient of a row: sums over the batch in four lanes. The input of biases is one.
  function rowGradient(layer, entered, from, n) {
    const { alive, slopes, gradient } = layer;
    for (const j of alive) {
      let a = f(0), b = f(0), c = f(0), d = f(0);
      for (let s = 0, at = j * room; s < n; s += 4) {
        a = f(a + f(entered[from + s] * slopes[at + s]));
        b = f(b + f(entered[from + s + 1] * slopes[at + s + 1]));
        c = f(c + f(entered[from + s + 2] * slopes[at + s + 2]));
        d = f(d + f(entered[from + s + 3] * slopes[at + s + 3]));
      }
      gradient[j] = f(f(a + b) + f(c + d));
    }
  }

  // -- Adam ----------------------------------------------------------------------------------

  // Move a row; return whether any of its weights changed.
  function updateRow({ w, m, v, nOut }, row, gradient, size) {
    let hasChanged = false, fault = 0;
    for (let j = 0, at = row * nOut; j < nOut; j++, at++) {
      const g = gradient[j], old = w[at];
      let first = f(m[at] + f(f(g - m[at]) * TENTH));
      if (first < SMALLEST && first > -SMALLEST) first = f(0);
      const second = f(v[at] + f(f(f(g * g) - v[at]) * THOUSANDTH));
      const weight = f(old - f(f(first * size) / f(f(Math.sqrt(second)) + EPSILON)));
      m[at] = first;
      v[at] = second;
      w[at] = weight;
      if (weight !== old) hasChanged = true;
      fault += (weight - weight) + (first - first) + (second - second);
    }
    if (fault !== 0) hasDiverged = true;
    return hasChanged;
  }

  // A row without a gradient sleeps once its update moves no weight. What its moments missed is
  // made up for when it wakes.
  function wakeRow(layer, row) {
    const { m, v, nOut } = layer, missed = steps - 1 - layer.asleep[row];
    layer.asleep[row] = 0;
    for (let j = 0, at = row * nOut; j < nOut; j++, at++) {
      let first = m[at], second = v[at];
      for (let step = 0; step < missed; step++) {
        first = f(first + f(f(0 - first) * TENTH));
        if (first < SMALLEST && first > -SMALLEST) first = f(0);
        second = f(second + f(f(0 - second) * THOUSANDTH));
      }
      m[at] = first;
      v[at] = second;
    }
  }

  let none = new Float32Array(0), ones = new Float64Array(0);

  function updateLayer(before, layer, n, size, wakes) {
    const { nIn, nOut, asleep, gradient } = layer;
    gradient.fill(0);
    if (none.length < nOut) none = new Float32Array(nOut);
    if (ones.length < n) ones = new Float64Array(n).fill(1);
    const isAlive = new Uint8Array(nIn);
    for (const i of before.alive) isAlive[i] = 1;
    for (let row = 0; row <= nIn; row++)
      if (row === nIn || isAlive[row]) {
        if (asleep[row]) wakeRow(layer, row);
        if (row === nIn) rowGradient(layer, ones, 0, n);
        else rowGradient(layer, before.out, row * room, n);
        updateRow(layer, row, gradient, size);
      } else {
        if (asleep[row] && wakes) wakeRow(layer, row);
        if (!asleep[row] && !updateRow(layer, row, none, size)) asleep[row] = steps;
      }
  }

  // -- Training ------------------------------------------------------------------------------

  function step() {
    const { x, y, batch, rate } = task;
    if (nUsed === 0) shuffle();
    const n = Math.min(batch || x.length, x.length - nUsed), filled = 4 * Math.ceil(n / 4);
    const last = layers[layers.length - 1];
    for (let s = 0; s < filled; s++) layers[0].out[s] = s < n ? x[order[nUsed + s]] : 0;
    for (let l = 1; l < layers.length; l++)
      forward(layers[l - 1], layers[l], filled, layers[l] === last);
    const share = f(2 / n);
    for (let s = 0; s < filled; s++)
      last.slopes[s] = s < n ? f(f(last.out[s] - y[order[nUsed + s]]) * share) : 0;
    steps++;
    powers = [powers[0] * 0.9, powers[1] * 0.999];
    const size = f((rate * Math.sqrt(1 - powers[1])) / (1 - powers[0]));
    const wakes = size > f(f(1.05) * lastSize);
    lastSize = size;
    for (let l = layers.length - 1; l > 0; l--) {
      if (l > 1) backward(layers[l - 1], layers[l], filled);
      updateLayer(layers[l - 1], layers[l], filled, size, wakes);
    }
    nUsed = nUsed + n < x.length ? nUsed + n : 0;
    isOver = hasDiverged || steps === total;
  }

  return {
    begin,
    advance(mostSteps) {
      while (!isOver && mostSteps-- > 0) step();
    },
    get steps() {
      return steps;
    },
    get isOver() {
      return isOver;
    },
    get hasDiverged() {
      return hasDiverged;
    },
    weights() {
      return layers.slice(1).flatMap(({ w, nIn, nOut }) => [
        w.slice(0, nIn * nOut),
        w.slice(nIn * nOut),
      ]);
    },
  };
}
