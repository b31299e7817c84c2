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
  new MutationObserver(() => note(0)).observe(find(".ck-readout"), { childList: true });
};

// The picture that a rival puts in place of the one before.
window.watchImage = (slider) => {
  find(slider).addEventListener("keydown", (event) => ask(event, 0), true);
  let last = find(".jp-OutputArea img").src;
  const look = () => {
    const image = find(".jp-OutputArea img");
    if (!image || image.src === last) return;
    last = image.src;
    image.decode().then(() => note(0));
  };
  const parts = { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] };
  new MutationObserver(look).observe(find(".jp-OutputArea"), parts);
};
