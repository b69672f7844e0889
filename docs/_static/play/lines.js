// The exact function of a ReLU network with one input, as overfit_tutorial.splines finds it.
//
//   lines.polyline(weights, widths, {center, low, high})
//       {knots, slopes, values, anchor}: Float64Arrays of k places where the slope changes, of
//       k + 1 slopes, left of the first knot to right of the last, and of the k values there;
//       anchor is a point [x, value] of the curve. With low and high, only knots between them.
//   lines.at(line, x)                       its value
//   lines.curvature(line, low, high)        the sum of all changes of slope there
"use strict";

const lines = (() => {
  const ROUNDING = 1e-12;

  // Some functions that share their knots, of the units `alive`; those left out are zero. There is
  // a row of values for each knot, and one of slopes more.

  // Rows of sums, that begin somewhere, of numbers times the rows of a kernel.
  function products(rows, kernel, begin) {
    const n = begin.length, units = Array.from(kernel.keys()), known = [...kernel];
    // Four at once, which are read and written together; in their order, as one by one.
    while (known.length % 4) known.push(new Float64Array(n)), units.push(0);
    return rows.map((row) => {
      const sum = new Float64Array(begin);
      for (let k = 0; k < known.length; k += 4) {
        const a = known[k], b = known[k + 1], c = known[k + 2], d = known[k + 3];
        const p = row[units[k]], q = row[units[k + 1]];
        const r = row[units[k + 2]], s = row[units[k + 3]];
        if (p || q || r || s)
          for (let j = 0; j < n; j++)
            sum[j] = sum[j] + p * a[j] + q * b[j] + r * c[j] + s * d[j];
      }
      return sum;
    });
  }

  // Weighted sums of the functions, and a constant added to each. Unless all are asked for, those
  // that are nowhere positive are left out: their rows would be zero in the end.
  function sums({ knots, values, slopes, alive }, kernel, bias, asksAll) {
    const nOut = bias.length, units = [];
    const rows = alive.map((i) => new Float64Array(kernel.slice(i * nOut, (i + 1) * nOut)));
    const found = products(values, rows, bias);
    for (let j = 0; j < nOut; j++)
      if (asksAll || found.some((row) => row[j] > 0)) units.push(j);
    const pick = (row) => {
      const picked = new Float64Array(units.length);
      for (let k = 0; k < picked.length; k++) picked[k] = row[units[k]];
      return picked;
    };
    const picked = rows.map(pick);
    return {
      knots,
      values: found.map(pick),
      slopes: products(slopes, picked, new Float64Array(units.length)),
      alive: units,
    };
  }

  // Where functions cross zero, in ascending order: [place, function].
  function zeros({ knots, values, slopes }, isWhole) {
    const found = [], last = knots.length - 1, n = values[0].length;
    for (let k = 0; k < last; k++)
      for (let j = 0; j < n; j++) {
        const a = values[k][j], b = values[k + 1][j];
        if ((a < 0 && b > 0) || (a > 0 && b < 0))
          found.push([knots[k] + (knots[k + 1] - knots[k]) * (a / (a - b)), j]);
      }
    const ray = (k, slope, side) => {
      for (let j = 0; j < n; j++)
        if (values[k][j] * slope[j] * side < 0) {
          const place = knots[k] - values[k][j] / slope[j];
          if (Number.isFinite(place)) found.push([place, j]);
        }
    };
    if (isWhole) ray(0, slopes[0], -1), ray(last, slopes[last + 1], 1);
    return found.sort((a, b) => a[0] - b[0]);
  }

  // The positive parts. Each bends where it crosses zero.
  function cutOff(old, isWhole) {
    const crossings = zeros(old, isWhole), knots = [], values = [], pieces = [0];
    const n = old.values[0].length;
    let k = 0, c = 0;
    while (k < old.knots.length || c < crossings.length) {
      const [oldPlace, newPlace] = [old.knots[k] ?? Infinity, crossings[c]?.[0] ?? Infinity];
      const isOld = oldPlace <= newPlace, place = Math.min(oldPlace, newPlace);
      const row = isOld ? old.values[k].slice() : new Float64Array(n);
      if (isOld) k++;
      else {
        const anchor = Math.max(k - 1, 0), offset = place - old.knots[anchor];
        for (let j = 0; j < n; j++) row[j] = old.values[anchor][j] + old.slopes[k][j] * offset;
      }
      // A unit is zero, not nearly zero, where it crosses.
      for (; c < crossings.length && crossings[c][0] === place; c++) row[crossings[c][1]] = 0;
      knots.push(place);
      values.push(row);
      pieces.push(k);
    }
    const slopes = pieces.map((piece) => old.slopes[piece].slice());
    // Each is positive all along a piece, or nowhere on it. On the rays the slope decides.
    const last = knots.length - 1;
    for (let j = 0; j < n; j++)
      for (let p = 0; p <= last + 1; p++) {
        const before = p > 0 ? values[p - 1][j] : 0, after = p <= last ? values[p][j] : 0;
        let isPositive = before > 0 || after > 0;
        if (!isPositive && p === 0) isPositive = after === 0 && slopes[0][j] < 0;
        if (!isPositive && p === last + 1) isPositive = before === 0 && slopes[p][j] > 0;
        if (!isPositive) slopes[p][j] = 0;
      }
    for (const row of values) for (let j = 0; j < n; j++) if (!(row[j] > 0)) row[j] = 0;
    return { knots, values, slopes, alive: old.alive };
  }

  function polyline(weights, widths, { center = 0, low = -Infinity, high = Infinity } = {}) {
    const isWhole = !(Number.isFinite(low) && Number.isFinite(high));
    const ends = isWhole ? [0] : [low - center, high - center];
    let pieces = {
      knots: ends,
      values: ends.map((x) => Float64Array.of(x)),
      slopes: [...ends, 0].map(() => Float64Array.of(1)),
      alive: [0],
    };
    for (let k = 0; k < 2 * (widths.length - 2); k += 2)
      pieces = cutOff(sums(pieces, weights[k], weights[k + 1], isWhole), isWhole);
    const [kernel, bias] = weights.slice(-2);
    const { knots, values, slopes } = sums(pieces, kernel, bias, true);
    const scales = pieces.slopes.map((row) =>
      pieces.alive.reduce((sum, i, k) => sum + Math.abs(row[k] * kernel[i]), 0),
    );
    // A switch bends the output by no more than rounding if it is none of its bends.
    const bends = Array.from(knots.keys()).filter(
      (k) =>
        (isWhole || (k > 0 && k < knots.length - 1)) &&
        Math.abs(slopes[k + 1][0] - slopes[k][0]) > ROUNDING * Math.max(scales[k], scales[k + 1]),
    );
    const lastPiece = isWhole ? knots.length : knots.length - 1;
    return {
      knots: Float64Array.from(bends, (k) => knots[k] + center),
      slopes: Float64Array.from([...bends, lastPiece], (k) => slopes[k][0]),
      values: Float64Array.from(bends, (k) => values[k][0]),
      anchor: [knots[0] + center, values[0][0]],
    };
  }

  function at({ knots, slopes, values, anchor }, x) {
    const n = knots.length;
    if (!n) return anchor[1] + slopes[0] * (x - anchor[0]);
    let piece = 0, end = n; // how many knots lie left of x
    while (piece < end) {
      const middle = (piece + end) >> 1;
      if (knots[middle] < x) piece = middle + 1;
      else end = middle;
    }
    // From the nearer of the two knots around, or the only one.
    const left = Math.max(piece - 1, 0), right = Math.min(piece, n - 1);
    const nearer = x - knots[left] < knots[right] - x ? left : right;
    return values[nearer] + slopes[piece] * (x - knots[nearer]);
  }

  function curvature({ knots, slopes }, low = -Infinity, high = Infinity) {
    let sum = 0;
    for (let k = 0; k < knots.length; k++)
      if (low <= knots[k] && knots[k] < high) sum += Math.abs(slopes[k + 1] - slopes[k]);
    return sum;
  }

  return { polyline, at, curvature };
})();
