// Train networks by the package's WebAssembly, as a host that is not Python. Node runs it with the
// binary and the tasks on its standard input; a browser calls trainAll.
async function trainAll({ binary, tasks }) {
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const text = (array) => {
    const found = new Uint8Array(array.buffer);
    const parts = [];
    for (let at = 0; at < found.length; at += 8192)
      parts.push(String.fromCharCode(...found.subarray(at, at + 8192)));
    return btoa(parts.join(""));
  };
  const { instance } = await WebAssembly.instantiate(bytes(binary));
  const c = instance.exports; // the functions of trainer.c

  // Each layer is a row for each input and one of biases, filled up to a multiple of four.
  const rows = function* (widths) {
    let at = c.weights();
    for (let layer = 1; layer < widths.length; layer++)
      for (let row = 0; row <= widths[layer - 1]; row++) {
        yield new Float32Array(c.memory.buffer, at, widths[layer]);
        at += 16 * Math.ceil(widths[layer] / 4);
      }
  };

  const train = (task) => {
    const begin = c.begin(task.widths.length - 1);
    new Int32Array(c.memory.buffer, begin, task.widths.length).set(task.widths);
    c.prepare(begin, ...task.settings, BigInt(task.number));
    for (const [name, Kind] of [["points", Float32Array], ["targets", Float32Array], ["rates", Float64Array]]) {
      const values = new Kind(bytes(task[name]).buffer);
      new Kind(c.memory.buffer, c[name](), values.length).set(values);
    }
    const first = new Float32Array(bytes(task.weights).buffer);
    let n_done = 0;
    for (const row of rows(task.widths)) {
      row.set(first.subarray(n_done, n_done + row.length));
      n_done += row.length;
    }
    let epochs = 0;
    while (!c.is_over()) epochs = c.advance(task.n_epochs, 37);
    const weights = new Float32Array(n_done);
    n_done = 0;
    for (const row of rows(task.widths)) {
      weights.set(row, n_done);
      n_done += row.length;
    }
    const losses = new Float64Array(c.memory.buffer, c.losses(), epochs).slice();
    return { weights: text(weights), losses: text(losses), diverged: c.diverged() };
  };
  return tasks.map(train);
}

if (typeof process !== "undefined") {
  const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
  trainAll(asked).then((found) => process.stdout.write(JSON.stringify(found)));
}
