// What a state of the playground means: points, truth, first weights, and the numbers of a curve.
// All with the bits of the package, or within 1e-12 where the package itself leaves bits open.
//
// State: a plain object. What is missing has the story's value.
//   seed       0        a whole number, or "0/3" for SeedSequence(0, spawn_key=(3,))
//   pointsSeed seed     of the points, where it is another one than that of the training
//   n          100      points, drawn from [0, 20]
//   noise      2        its standard deviation
//   truth      {kind: "line"} | {kind: "wave", height} | {kind: "step", height}
//              | {kind: "drawn", values: [heights at equal distances over [0, 20]]}
//   points     none     own points instead, [[x, y], ...], in this order
//   width      100      units of each hidden layer
//   depth      5        hidden layers, from 0 on
//   steps      800      made whole passes over the points: see recipeOf
//   batch      32       points a step; 0 takes all of them, in their order
//   rate       0.01     of Adam
//   center     0        the network sees x - center
//   biasStd    0        standard deviation of the first biases
//   start      "born" | "wild": weights set by hand so that the curve joins the dots
//
// Functions
//   complete(state)             the same with every setting filled in (not checked)
//   recipeOf(state)             {widths, batch, stepsPerEpoch, epochs, steps}: what is trained
//   truthOf(truth)              a function of x
//   pointsOf(state)             {x, y}, Float64Arrays
//   firstWeightsOf(state, {x, y})  [kernel, bias, ...], Float32Arrays, kernels row-major [in][out]
//   canBeWild(state, {x, y})    whether the width is enough, and no two points share their x
//   joinTheDots(x, y, hiddenWidths)  the weights of a wild start, in double precision
//   fitLine(x, y)               least squares: {intercept, slope}
//   judge(f, truth, {x, y})     {error, risk, followed} of a function f of x: the mean squared
//                               distance to the points, that to the truth over [0, 20], and the
//                               share of the noise that f reproduces (NaN without noise)
// A network's curve as a function: lines.polyline, in lines.js.
"use strict";

const network = (() => {
  const LOW = 0, HIGH = 20;
  const STORY = {
    seed: 0, n: 100, noise: 2, truth: { kind: "line" }, width: 100, depth: 5, steps: 800,
    batch: 32, rate: 0.01, center: 0, biasStd: 0, start: "born",
  };

  const complete = (state) => ({ ...STORY, ...state });

  function recipeOf(state) {
    const { width, depth, steps, points, ...rest } = complete(state);
    const n = points ? points.length : rest.n, batch = Math.min(rest.batch, n);
    const stepsPerEpoch = batch ? Math.ceil(n / batch) : 1;
    const epochs = Math.max(1, Math.round(steps / stepsPerEpoch));
    const widths = [1, ...Array(depth).fill(width), 1];
    return { widths, batch, stepsPerEpoch, epochs, steps: epochs * stepsPerEpoch };
  }

  // -- Points --------------------------------------------------------------------------------

  const line = (x) => 3 + 0.7 * x;

  // The sine of so many whole turns: Math.sin is not the same in all browsers.
  function sineOfTurns(turns) {
    const quarter = Math.round(4 * turns), a = 2 * Math.PI * (turns - quarter / 4), s = a * a;
    let sine = 0, cosine = 0;
    for (let k = 16; k > 0; k -= 2) {
      sine = 1 - (s * sine) / (k * (k + 1));
      cosine = 1 - (s * cosine) / (k * (k - 1));
    }
    return [a * sine, cosine, -a * sine, -cosine][((quarter % 4) + 4) % 4];
  }

  function truthOf(truth) {
    const { kind, height, values } = truth;
    if (kind === "wave") return (x) => line(x) + height * sineOfTurns(x / (HIGH - LOW));
    if (kind === "step") return (x) => (x < 10 ? 10 - height / 2 : 10 + height / 2);
    if (kind !== "drawn") return line;
    const last = values.length - 1;
    return (x) => {
      const place = Math.min(Math.max((x - LOW) / (HIGH - LOW), 0), 1) * last;
      const i = Math.min(Math.floor(place), last - 1);
      return values[i] + (values[i + 1] - values[i]) * (place - i);
    };
  }

  function pointsOf(state) {
    const { seed, pointsSeed = seed, n, noise, truth, points } = complete(state);
    const column = (k) => Float64Array.from(points, (point) => point[k]);
    if (points) return { x: column(0), y: column(1) };
    const t = truthOf(truth);
    const x = draws.uniforms(pointsSeed, "x", n).map((u) => LOW + (HIGH - LOW) * u);
    const y = draws.normals(pointsSeed, "noise", n).map((z, k) => t(x[k]) + noise * z);
    return { x, y };
  }

  // -- Where a training begins ---------------------------------------------------------------

  const sorted = (x) => Array.from(x.keys()).sort((a, b) => x[a] - x[b]);

  function canBeWild(state, { x }) {
    const { width, depth } = complete(state);
    return depth > 0 && width >= x.length && new Set(x).size === x.length;
  }

  function joinTheDots(x, y, hiddenWidths) {
    const widths = [1, ...hiddenWidths, 1], weights = [], order = sorted(x), n = order.length;
    for (let layer = 1; layer < widths.length; layer++) {
      const kernel = new Float64Array(widths[layer - 1] * widths[layer]);
      if (layer > 1) for (let k = 0; k < n; k++) kernel[k * widths[layer] + k] = 1;
      weights.push(kernel, new Float64Array(widths[layer]));
    }
    const [kernel, bias] = weights, [last, height] = weights.slice(-2);
    last.fill(0);
    let slope = 0;
    order.forEach((at, k) => {
      const next = order[k + 1];
      const slopeAfter = k + 1 < n ? (y[next] - y[at]) / (x[next] - x[at]) : 0;
      kernel[k] = 1;
      bias[k] = 0 - x[at];
      last[k] = slopeAfter - slope;
      slope = slopeAfter;
    });
    height[0] = y[order[0]];
    return weights;
  }

  function firstWeightsOf(state, { x, y }) {
    const { seed, biasStd, start, center } = complete(state), { widths } = recipeOf(state);
    if (start !== "wild") return draws.firstWeights(seed, widths, biasStd);
    if (!canBeWild(state, { x })) throw new RangeError("a wild start needs a unit for each point");
    const seen = x.map((place) => place - center);
    return joinTheDots(seen, y, widths.slice(1, -1)).map((part) => Float32Array.from(part));
  }

  // -- The numbers of a curve ----------------------------------------------------------------

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  function fitLine(x, y) {
    const xMean = mean(x), yMean = mean(y);
    let above = 0, below = 0;
    for (let k = 0; k < x.length; k++) {
      above += (x[k] - xMean) * (y[k] - yMean);
      below += (x[k] - xMean) * (x[k] - xMean);
    }
    const slope = above / below;
    return { intercept: yMean - slope * xMean, slope };
  }

  const MIDPOINTS = 2001; // as in overfit_tutorial.data

  function judge(f, truth, { x, y }) {
    const t = truthOf(truth);
    let error = 0, risk = 0, product = 0, square = 0;
    for (let k = 0; k < x.length; k++) {
      const value = f(x[k]), known = t(x[k]), noise = y[k] - known;
      error += (value - y[k]) ** 2;
      product += (value - known) * noise;
      square += noise ** 2;
    }
    for (let k = 0; k < MIDPOINTS; k++) {
      const place = LOW + (k + 0.5) * ((HIGH - LOW) / MIDPOINTS);
      risk += (f(place) - t(place)) ** 2;
    }
    return { error: error / x.length, risk: risk / MIDPOINTS, followed: product / square };
  }

  return {
    LOW, HIGH, STORY, complete, recipeOf, truthOf, pointsOf, firstWeightsOf, canBeWild,
    joinTheDots, fitLine, judge,
  };
})();
