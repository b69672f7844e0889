// Small helps. Without scripts nothing is missing.

// Copy buttons: for the command that runs a page, and for code.
(() => {
  const TAKEN_FOR = 2000;
  const textOf = (code) => {
    const text = code.textContent.replace(/\n+$/, "");
    if (!/^>>> /m.test(text)) return text;
    // A session: what was typed, without its prompts and its output.
    const typed = text.split("\n").filter((line) => /^(>>>|\.\.\.)( |$)/.test(line));
    return typed.map((line) => line.slice(4)).join("\n");
  };
  const addButton = (place, code, what) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${what}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(textOf(code));
        button.textContent = "Copied";
      } catch {
        // Some browsers allow it on secure addresses only: select it, for the reader to copy.
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = "Copy"), TAKEN_FOR);
    });
    place.append(button);
  };
  document.querySelectorAll(".run-line code").forEach((code) => {
    addButton(code.parentElement, code, "the command");
  });
  document.querySelectorAll("div.highlight > pre").forEach((code) => {
    if (!code.closest(".sphx-glr-script-out")) addButton(code.parentElement, code, "this code");
  });
})();

// A figure in motion: a slider steps through its frames. It moves by itself only when asked to, and
// not where the reader's system asks for less motion.
document.querySelectorAll("figure[data-frames]").forEach((figure) => {
  const PACE = 150;
  const names = figure.dataset.frames.split("|");
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const slider = make("input", { type: "range", min: 1, max: names.length, value: names.length });
  const button = make("button", { type: "button", className: "copy" });
  const said = make("output", {});
  slider.setAttribute("aria-label", "Frame");
  let timer;
  const pause = () => {
    timer = clearInterval(timer);
    button.textContent = "Play";
  };
  const say = (frame) => {
    said.textContent = names[frame - 1];
    slider.setAttribute("aria-valuetext", said.textContent);
    if (Number(frame) === names.length) pause();
  };
  const show = (frame) => {
    slider.value = frame;
    figure.querySelectorAll("img").forEach((image) => {
      const [file] = image.getAttribute("src").split("#");
      image.setAttribute("src", `${file}#frame-${frame}`);
    });
    say(frame);
  };
  slider.addEventListener("input", () => (pause(), show(slider.value)));
  button.addEventListener("click", () => {
    if (timer) return pause();
    button.textContent = "Pause";
    timer = setInterval(() => show((slider.value % names.length) + 1), PACE);
  });
  const controls = make("p", { className: "frames" });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  controls.append(...(still ? [] : [button, " "]), slider, " ", said);
  figure.querySelector("figcaption").before(controls);
  say(names.length);
});

// A small playground in a page, fetched when it is asked for.
document.querySelectorAll(".play-here").forEach((place) => {
  const [page] = place.querySelector("a").href.split("#");
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const button = make("button", { type: "button", className: "copy", textContent: "Play here" });
  button.addEventListener("click", () => {
    const board = make("div", { className: "play", tabIndex: -1 });
    Object.assign(board.dataset, { state: place.dataset.state, page });
    place.replaceWith(board);
    board.focus();
    const file = (name) => new URL(`_static/play/${name}`, page).href;
    const scripts = ["engine.js", "page.js"].map((name) =>
      make("script", { src: file(name), async: false }),
    );
    document.head.append(make("link", { rel: "stylesheet", href: file("play.css") }), ...scripts);
  });
  place.append(" ", button);
});

// Paper is white: what is printed in the dark theme is printed in the light one.
(() => {
  const root = document.documentElement;
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => (root.dataset.theme = theme));
})();

// The menu of the color mode says which is chosen.
(() => {
  const root = document.documentElement;
  const buttons = [...document.querySelectorAll(".theme-change-button")];
  const say = () =>
    buttons.forEach((button) =>
      button.setAttribute("aria-pressed", button.dataset.mode === root.dataset.mode),
    );
  new MutationObserver(say).observe(root, { attributeFilter: ["data-mode"] });
  say();
})();

// A frame that a course platform has sandboxed sends no forms: a search there is a plain address.
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.bd-search");
  if (!form || event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  location.assign(`${form.action}?${new URLSearchParams(new FormData(form))}`);
});
