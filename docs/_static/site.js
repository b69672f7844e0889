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
