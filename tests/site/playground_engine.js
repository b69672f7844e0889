// The playground's engine, asked as the page asks it. Node takes the engine and what to do from
// its standard input, and stands in for the browser; a browser calls askAll, too.
const asText = (array) => {
  const found = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const parts = [];
  for (let at = 0; at < found.length; at += 8192)
    parts.push(String.fromCharCode(...found.subarray(at, at + 8192)));
  return btoa(parts.join(""));
};
const readable = (key, value) => (ArrayBuffer.isView(value) ? asText(value) : value);

// Everything that is sent back about some orders, and when they were given, as JSON; arrays become
// the text of their bytes. An order is waited for, unless it is [order, milliseconds to the next].
async function askAll(makeTrainer, orders) {
  const sent = [];
  let tell = () => {};
  const trainer = makeTrainer((message) => {
    sent.push({ ...message, at: performance.now() });
    if (!trainer.isBusy()) tell();
  });
  for (const order of orders) {
    const [{ kind, ...what }, pause] = Array.isArray(order) ? order : [order, null];
    if (kind) trainer[kind]();
    else {
      sent.push({ kind: "asked", at: performance.now() });
      trainer.ask(what);
    }
    await new Promise((resolve) => {
      if (pause === null) tell = resolve;
      else setTimeout(resolve, pause);
    });
  }
  trainer.close();
  return JSON.stringify(sent, readable);
}

// A worker that is not one: the same script in this thread, which only pretends to be apart.
function pretend(engine, isPlain) {
  let worker;
  // That of Node lets nobody else in between its messages.
  globalThis.MessageChannel = class {
    port1 = {};
    port2 = { postMessage: () => setImmediate(() => this.port1.onmessage()) };
  };
  globalThis.onmessage = null;
  globalThis.postMessage = (data) => setImmediate(() => worker.onmessage({ data }));
  URL.createObjectURL = () => "";
  URL.revokeObjectURL = () => {};
  if (isPlain)
    WebAssembly.Module = function forbidden() {
      throw new WebAssembly.CompileError("forbidden"); // Node itself needs the rest
    };
  globalThis.Worker = class {
    constructor() {
      worker = this;
      globalThis.parts.playWorker();
    }
    postMessage(data) {
      setImmediate(() => globalThis.onmessage({ data }));
    }
    terminate() {}
  };
  const names = "{ network, draws, lines, playWorker, playTrainer }";
  require("vm").runInThisContext(`${engine}\nglobalThis.parts = ${names};`);
  return globalThis.parts;
}

if (typeof process !== "undefined") {
  const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const parts = pretend(asked.engine, asked.isPlain);
  const answers = asked.calls.map(([part, name, ...values]) => parts[part][name](...values));
  askAll(parts.playTrainer, asked.orders).then((sent) => {
    const text = `{"sent": ${sent}, "answers": ${JSON.stringify(answers, readable)}}`;
    process.stdout.write(text, () => process.exit(0));
  });
}
