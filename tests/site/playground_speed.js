// How fast a worker trains the story, in milliseconds: its parts are before this, the binary comes
// as a message. Others compute on the same machine, so a run is cut into slices, and each slice
// counts as it was fastest, after a run that does not count.
const SLICE = 160; // steps
const FEW = 160; // a whole run without WebAssembly takes seconds

function slicesOf(trainer, steps) {
  const state = { steps }, { x, y } = network.pointsOf(state), found = [];
  const weights = network.firstWeightsOf(state, { x, y }), recipe = network.recipeOf(state);
  const points = { x: Float32Array.from(x), y: Float32Array.from(y) };
  let begun = performance.now();
  trainer.begin({ ...recipe, ...points, weights, rate: 0.01, seed: 0 });
  while (!trainer.isOver) {
    trainer.advance(SLICE);
    found.push(performance.now() - begun);
    begun = performance.now();
  }
  return found;
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

function fastest(trainer, nRuns, steps) {
  slicesOf(trainer, steps);
  const runs = Array.from({ length: nRuns }, () => slicesOf(trainer, steps));
  return sum(runs[0].map((_, k) => Math.min(...runs.map((run) => run[k]))));
}

function cold(binary) {
  const begun = performance.now(), trainer = webAssemblyTrainer(binary);
  const compiled = performance.now() - begun;
  return { cold: compiled + sum(slicesOf(trainer, 800)) };
}

function rest(binary) {
  const trainer = webAssemblyTrainer(binary);
  return {
    warm: fastest(trainer, 5, 800),
    long: fastest(trainer, 3, 20000),
    few: fastest(trainer, 5, FEW),
    lists: fastest(plainTrainer(), 5, FEW),
    dense: fastest(denseTrainer(), 5, FEW),
  };
}

onmessage = ({ data: [binary, asked] }) => postMessage({ cold, rest }[asked](binary));
