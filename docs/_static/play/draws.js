// Random numbers with the bits of overfit_tutorial.draws: SplitMix64 in halves of 32 bits, and
// normals from sums, products and roots alone. A seed is a whole number, or a text like
// "0/3/1000": child 1000 of child 3 of 0, np.random.SeedSequence(0, spawn_key=(3, 1000)).
"use strict";

const draws = (() => {
  const STREAMS = { x: 0, noise: 1, weights: 2, order: 3, biases: 4 };
  const WORD = 2 ** 32;
  const halvesOf = (whole) => [Math.floor(whole / WORD), whole % WORD];

  // The upper half of the product of two halves.
  function upper(a, b) {
    const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
    const middle = a1 * b0 + ((a0 * b0) >>> 16);
    const other = a0 * b1 + (middle & 0xffff);
    return a1 * b1 + (middle >>> 16) + (other >>> 16);
  }

  // mix(start + k * GAMMA) for n whole numbers k from the first on, each as [high, low].
  function mixed([startHigh, startLow], [firstHigh, firstLow], n) {
    const GAMMA_HIGH = 0x9e3779b9, GAMMA_LOW = 0x7f4a7c15, found = new Uint32Array(2 * n);
    let low = Math.imul(firstLow, GAMMA_LOW) >>> 0;
    let high = upper(firstLow, GAMMA_LOW) + Math.imul(firstHigh, GAMMA_LOW);
    high += Math.imul(firstLow, GAMMA_HIGH);
    low += startLow;
    high = (high + startHigh + (low >= WORD ? 1 : 0)) >>> 0;
    low >>>= 0;
    for (let k = 0; k < 2 * n; k += 2) {
      let h = high ^ (high >>> 30), l = low ^ ((low >>> 30) | (high << 2));
      h = upper(l, 0x1ce4e5b9) + Math.imul(h, 0x1ce4e5b9) + Math.imul(l, 0xbf58476d);
      l = Math.imul(l, 0x1ce4e5b9);
      l ^= (l >>> 27) | (h << 5);
      h ^= (h >>> 0) >>> 27;
      h = upper(l, 0x133111eb) + Math.imul(h, 0x133111eb) + Math.imul(l, 0x94d049bb);
      l = Math.imul(l, 0x133111eb);
      found[k] = h ^ ((h >>> 0) >>> 31);
      found[k + 1] = l ^ ((l >>> 31) | (h << 1));
      low += GAMMA_LOW;
      high = (high + GAMMA_HIGH + (low >= WORD ? 1 : 0)) >>> 0;
      low >>>= 0;
    }
    return found;
  }

  // The number of a seed, below 2 ** 56.
  function numberOf(seed) {
    const [entropy, ...path] = String(seed).split("/").map(Number);
    if (![entropy, ...path].every((part) => Number.isSafeInteger(part) && part >= 0))
      throw new RangeError(`seed must be whole numbers, joined by /, got ${seed}`);
    let number = halvesOf(entropy);
    for (const index of path) {
      const [high, low] = mixed(number, halvesOf(index + 1), 1);
      number = [high >>> 8, ((low >>> 8) | (high << 24)) >>> 0];
    }
    return number;
  }

  // Draws of a stream, from the first on, as [high, low].
  function wholeNumbers(seed, name, n, first = 0) {
    const [high, low] = numberOf(seed);
    const number = [((high << 8) | (low >>> 24)) >>> 0, ((low << 8) | STREAMS[name]) >>> 0];
    return mixed(mixed([0, 0], number, 1), halvesOf(first + 1), n);
  }

  // Between zero and one, both excluded.
  function uniforms(seed, name, n, first = 0) {
    const whole = wholeNumbers(seed, name, n, first), found = new Float64Array(n);
    for (let k = 0; k < n; k++)
      found[k] = (whole[2 * k] * 2 ** 20 + (whole[2 * k + 1] >>> 12) + 0.5) * 2 ** -52;
    return found;
  }

  const normals = (seed, name, n, first) => uniforms(seed, name, n, first).map(normalQuantile);

  // -- Normals: Algorithm AS 241 -----------------------------------------------------------

  // Rational functions, the highest power first: numerator, denominator.
  const CENTER = [
    [
      2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
      45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
      133.14166789178437745, 3.387132872796366608,
    ],
    [
      5226.495278852854561, 28729.085735721942674, 39307.89580009271061,
      21213.794301586595867, 5394.1960214247511077, 687.1870074920579083,
      42.313330701600911252, 1,
    ],
  ];
  const MIDDLE = [
    [
      7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
      1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
      4.6303378461565452959, 1.42343711074968357734,
    ],
    [
      1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
      0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
      2.05319162663775882187, 1,
    ],
  ];
  const FAR = [
    [
      2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
      0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
      5.4637849111641143699, 6.6579046435011037772,
    ],
    [
      2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
      7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
      0.59983220655588793769, 1,
    ],
  ];
  const ODD = Array.from({ length: 11 }, (_, k) => 1 / (21 - 2 * k));

  function polynomial(coefficients, x) {
    let value = coefficients[0];
    for (let k = 1; k < coefficients.length; k++) value = value * x + coefficients[k];
    return value;
  }

  const double = new Float64Array(1), halves = new Uint32Array(double.buffer);

  function logarithm(x) {
    double[0] = x; // = m * 2 ** exponent, with m from 0.5 to 1
    let exponent = ((halves[1] >>> 20) & 0x7ff) - 1022;
    halves[1] = (halves[1] & 0x800fffff) | (1022 << 20);
    let m = double[0];
    if (m < Math.SQRT1_2) (m *= 2), exponent--;
    const s = (m - 1) / (m + 1);
    return exponent * 0.6931471805599453 + 2 * s * polynomial(ODD, s * s);
  }

  function normalQuantile(u) {
    const q = u - 0.5;
    if (Math.abs(q) <= 0.425) {
      const r = 0.180625 - q * q;
      return (polynomial(CENTER[0], r) * q) / polynomial(CENTER[1], r);
    }
    const r = Math.sqrt(-logarithm(u < 0.5 ? u : 1 - u));
    const [[above, below], s] = r <= 5 ? [MIDDLE, r - 1.6] : [FAR, r - 5];
    const z = polynomial(above, s) / polynomial(below, s);
    return u < 0.5 ? -z : z;
  }

  // -- What training draws -----------------------------------------------------------------

  // Kernel (row-major, [input][output]) and bias of each layer, as Float32Arrays.
  function firstWeights(seed, widths, biasStd = 0) {
    const weights = [];
    let nDrawn = 0, nBiases = 0;
    for (let layer = 1; layer < widths.length; layer++) {
      const nIn = widths[layer - 1], nOut = widths[layer], limit = Math.sqrt(6 / (nIn + nOut));
      const u = uniforms(seed, "weights", nIn * nOut, nDrawn), bias = new Float32Array(nOut);
      const kernel = new Float32Array(u.length);
      for (let k = 0; k < u.length; k++) kernel[k] = limit * (2 * u[k] - 1);
      if (biasStd && layer < widths.length - 1)
        normals(seed, "biases", nOut, nBiases).forEach((z, k) => (bias[k] = biasStd * z));
      weights.push(kernel, bias);
      nDrawn += nIn * nOut;
      nBiases += nOut;
    }
    return weights;
  }

  // Each call shuffles the order of the points anew, from the order that it was in.
  function shuffler(seed, order) {
    let nDrawn = 0;
    return () => {
      const whole = wholeNumbers(seed, "order", order.length - 1, nDrawn);
      for (let i = order.length - 1, k = 0; i > 0; i--, k += 2) {
        const j = Math.floor((whole[k] * (i + 1)) / WORD), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
      }
      nDrawn += order.length - 1;
    };
  }

  return { numberOf, wholeNumbers, uniforms, normals, normalQuantile, firstWeights, shuffler };
})();
