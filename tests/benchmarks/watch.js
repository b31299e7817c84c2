// Notes when something happened in the page, and when the page was painted after it.
window.watched = { asked: [], shown: [] };

const painted = (then) => requestAnimationFrame(() => setTimeout(() => then(performance.now())));
const note = (what) => painted((time) => window.watched.shown.push([time, what]));
const ask = (event, what) => window.watched.asked.push([event.timeStamp, what]);
const find = (selector) => document.querySelector(selector);

// The place of the dragged ring, which moves only when Python's frame is drawn.
window.watchDrag = () => {
  const grip = find(".ck-grip");
  const centre = () => {
    const box = grip.getBoundingClientRect();
    return box.left + box.width / 2;
  };
  find(".ck-plot canvas").addEventListener("pointermove", (event) => event.buttons && ask(event, event.clientX));
  new MutationObserver(() => note(centre())).observe(grip, { attributes: true, attributeFilter: ["style"] });
};

// The lines below the picture, which are written when a frame is drawn.
window.watchSlider = (slider) => {
  find(slider).addEventListener("keydown", (event) => ask(event, 0));
  new MutationObserver(() => note(0)).observe(find(".ck-readout"), { childList: true, subtree: true });
};

// The picture that a rival puts in place of the one before.
window.watchImage = (slider) => {
  find(slider).addEventListener("keydown", (event) => ask(event, 0), true);
  const images = () => [...document.querySelectorAll(".jp-OutputArea img")];
  const all = () => images().map((image) => image.src).join();
  let last = all();
  const look = () => {
    if (!images().length || all() === last) return;
    last = all();
    Promise.all(images().map((image) => image.decode())).then(() => note(0));
  };
  const parts = { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] };
  new MutationObserver(look).observe(document.body, parts);
};

// Drag from a place to the right and back, an event each 8 ms, as a quick mouse sends them. From
// within the page: what drives the browser from outside takes a good part of two cores.
window.drag = async ([x, y, seconds]) => {
  const canvas = find(".ck-plot canvas");
  const send = (kind, across, buttons) => {
    const where = { clientX: x + across, clientY: y, buttons, pointerId: 1, bubbles: true };
    canvas.dispatchEvent(new PointerEvent(kind, where));
  };
  canvas.setPointerCapture = () => {}; // there is no such pointer
  send("pointerdown", 0, 1);
  const start = performance.now();
  for (let step = 1; performance.now() - start < 1000 * seconds; step++) {
    send("pointermove", 150 * (1 - Math.abs(((step / 100) % 2) - 1)), 1);
    await new Promise((then) => setTimeout(then, 8));
  }
  send("pointerup", 0, 0);
};
