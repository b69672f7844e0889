// What a reader who uses the keyboard needs: every control in the order of Tab, and sight of it.
(() => {
  const SELECTOR =
    "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable], iframe";
  const name = (element) => {
    const classes = [...element.classList].map((c) => "." + c).join("");
    const words = (element.textContent.trim() || element.getAttribute("aria-label") || "").slice(0, 30);
    return `${element.tagName.toLowerCase()}${classes} ${JSON.stringify(words)}`;
  };
  const isControl = (element) =>
    element.tabIndex >= 0 &&
    !element.disabled &&
    element.type !== "hidden" &&
    !element.closest("[inert]") &&
    element.checkVisibility({ visibilityProperty: true });
  const controls = () => [...document.querySelectorAll(SELECTOR)].filter(isControl);

  const channels = (color) => {
    const found = color.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
    return found && found.slice(1).map((part) => (part === undefined ? 1 : parseFloat(part)));
  };
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color && color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };

  // The outline is drawn around the element, so it stands on what lies behind it.
  const outlineFault = (element) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) return "shows no outline";
    const color = channels(outlineColor);
    if (!color || color[3] < 1) return `has an outline of ${outlineColor}`;
    const ratio = contrast(color, background(element.parentElement ?? element));
    return ratio < 3 ? `has an outline of contrast ${ratio.toFixed(1)}` : null;
  };
  const positionFault = (element) => {
    const boxes = [...element.getClientRects()].filter((box) => box.width && box.height);
    if (!boxes.length) return "has no place";
    // A table may be taller than the window: what counts is the middle of what is in it.
    const isSeen = ({ left, right, top, bottom }) =>
      [0.5, 0.1, 0.9].some((share) => {
        const height = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
        const there = document.elementFromPoint(left + share * (right - left), height);
        return there && (element.contains(there) || there.contains(element));
      });
    return boxes.some(isSeen) ? null : "lies behind something or outside of the window";
  };

  // What is drawn of a control: some have no box of their own, but a child that has.
  const hasBox = (element) => [...element.getClientRects()].some(({ width, height }) => width && height);
  const drawn = (element) => [element, ...element.querySelectorAll("*")].find(hasBox) ?? element;

  // The controls there were at first; by identity, since the theme adds some when a window changes.
  let known = [];
  // The control that has the focus: its place among all, and what keeps a reader from seeing it.
  const focused = () => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const seen = drawn(element);
    const faults = [outlineFault(seen), positionFault(seen)].filter(Boolean);
    if (!known.includes(element)) known.push(element);
    return { place: known.indexOf(element), name: name(element), faults };
  };

  // What had the focus after a stroke is taken down as the next one begins: a key that is held down
  // moves on as one that is pressed again, and takes half of the time.
  const strokes = [];
  let isHeld = false;
  const take = () => isHeld && strokes.push(focused());
  const down = ({ key }) => {
    if (key !== "Tab") return;
    take();
    isHeld = true;
  };
  window.addEventListener("keydown", down, true);
  window.keyboard = {
    names: () => (known = controls()).map(name),
    // What had the focus after each stroke of Tab since this was last asked.
    taken: () => {
      take();
      isHeld = false;
      return strokes.splice(0);
    },
  };
})();
