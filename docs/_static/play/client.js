// The page's end of the worker, the same from http and from file://.
//
//   const trainer = playTrainer(receive)
//   trainer.ask({states, every, pause, show, low, high, weights})   see worker.js
//   trainer.hold(), trainer.go(), trainer.stop(), trainer.close()
//   trainer.isBusy()   whether anything that was asked for is still to come
//
// `receive` gets the messages of worker.js that belong to the last order that was sent, and no
// others, each with its state: a curve is never taken for that of another one. While one drags,
// orders come faster than networks: an order waits for the one under way as long as that takes no
// longer than QUICK, and only the last waits.
"use strict";

function playTrainer(receive) {
  const QUICK = 150; // milliseconds
  const source = `"use strict";const {draws,network,lines}=(${playShared})();(${playWorker})();`;
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(address);
  let id = 0, isOpen = false, isBusy = false, began = 0, waiting = null, timer = 0, states = [];

  function send() {
    clearTimeout(timer);
    isBusy = true;
    began = performance.now();
    worker.postMessage({ kind: "train", id: ++id, ...waiting });
    states = waiting.states;
    waiting = null;
  }

  function ask(order) {
    waiting = order;
    if (!isOpen) return;
    const rest = began + QUICK - performance.now();
    clearTimeout(timer);
    if (!isBusy || rest <= 0) send();
    else timer = setTimeout(send, rest);
  }

  worker.onmessage = ({ data }) => {
    if (data.kind === "ready") {
      isOpen = true;
      URL.revokeObjectURL(address);
    } else if (data.id !== id) return;
    else if (data.kind !== "frame") isBusy = data.kind === "end" && data.index + 1 < data.nStates;
    receive(data, states[data.index]);
    if (waiting && isOpen && !isBusy) send();
  };

  // The binary is packed; who cannot unpack it or run it trains without.
  async function unpacked() {
    const packed = Uint8Array.from(atob(playBinary), (sign) => sign.charCodeAt(0));
    const unpacker = new DecompressionStream("deflate-raw");
    return new Response(new Blob([packed]).stream().pipeThrough(unpacker)).arrayBuffer();
  }
  unpacked()
    .catch(() => null)
    .then((binary) => worker.postMessage({ kind: "open", binary }, binary ? [binary] : []));

  const tell = (kind) => () => worker.postMessage({ kind });
  function stop() {
    clearTimeout(timer);
    id++; // whatever still arrives is nobody's
    waiting = null;
    isBusy = false;
    worker.postMessage({ kind: "stop" });
  }
  return {
    ask,
    stop,
    hold: tell("hold"),
    go: tell("go"),
    close: () => worker.terminate(),
    isBusy: () => isBusy || waiting !== null,
  };
}
