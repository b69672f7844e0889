// Ask the playground's address, in Node. From standard input: {engine, page, reads}; to standard
// output, for each fragment: its state, what is said of it, its own fragment, and its Python.
const { engine, scripts, reads } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { read, write, python } = require("vm").runInThisContext(
  `${engine}\n${scripts}\n({ ...address, python })`,
);
const found = reads.map((fragment) => {
  const { state, messages } = read(fragment);
  return { state, messages, fragment: write(state), python: python.of(state) };
});
process.stdout.write(JSON.stringify(found));
