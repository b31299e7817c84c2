// Draws the frames that Python computes, and sends what the reader moves back to it.
// Nothing is computed here: a playground cannot disagree with the package.

const MARGIN = { left: 52, right: 16, top: 24, bottom: 38 };
const IN_FLIGHT = 2; // moves on their way to Python: newer ones wait, and the newest wins
const PATIENCE = 4000; // ms without an answer until the page says so
const FONT = "12px system-ui, sans-serif";

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

// Numbers as they are shown and sent: three digits, as a hand can set them.
const rounded = (value, digits = 3) => Number(value.toPrecision(digits));
const shown = (value) => {
  const text = Math.abs(value) >= 1e4 || (value && Math.abs(value) < 1e-3) ? value.toExponential(0) : String(rounded(value));
  return text.replace("-", "−");
};

// Whether the page around is dark, told by the colour of its text.
const isDark = (node) => {
  const [r, g, b] = getComputedStyle(node).color.match(/[\d.]+/g).map(Number);
  return 0.3 * r + 0.6 * g + 0.1 * b > 128;
};

function ticks(low, high, count) {
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * unit).find((s) => s >= rough);
  const all = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++) all.push(n * step);
  return all.map((t) => Number(t.toPrecision(12)));
}

function decades(low, high) {
  const [a, b] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const step = Math.max(1, Math.ceil((b - a) / 5));
  const all = [];
  for (let n = a; n <= b; n += step) all.push(10 ** n);
  return all;
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (value) => {
  const n = Math.round(Math.log10(value));
  return n === 0 ? "1" : "10" + (n < 0 ? "⁻" : "") + [...String(Math.abs(n))].map((d) => SUPERSCRIPT[d]).join("");
};

function arrayOf(packed, buffers) {
  const view = buffers[packed.buffer];
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return { data: new Float32Array(bytes), shape: packed.shape };
}

function unpack(items, buffers) {
  for (const item of items) {
    for (const name of ["points", "values"]) if (item[name]) item[name] = arrayOf(item[name], buffers);
  }
  return items;
}

// One panel: a canvas, and a button over each handle so that keys reach it.
class Plot {
  constructor(name, page) {
    this.page = page;
    this.canvas = make("canvas");
    this.node = make("div", { className: "ck-plot" }, this.canvas);
    this.canvas.setAttribute("role", "img");
    this.grips = new Map();
    this.back = [];
    // Asked of the page only when it changes: to ask in every frame would lay the page out anew.
    this.sizes = new ResizeObserver(([entry]) => {
      this.width = entry.contentRect.width;
      this.page.redraw();
    });
    this.sizes.observe(this.node);
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (this.held = null));
  }

  update(view, buffers) {
    this.panel = view.panel;
    this.items = unpack(view.items, buffers);
    if (view.back) this.back = unpack(view.back, buffers);
    const flex = `${view.panel.share} 1 ${Math.round(240 * view.panel.share)}px`;
    const label = view.panel.title || view.panel.y_label;
    if (flex !== this.flex) this.node.style.flex = this.flex = flex;
    if (label !== this.label) this.canvas.setAttribute("aria-label", (this.label = label));
  }

  // The height at which a unit is as long on both axes.
  equalHeight() {
    const { x, y } = this.panel;
    const across = this.width - MARGIN.left - MARGIN.right;
    return Math.round((across * (y[1] - y[0])) / (x[1] - x[0])) + MARGIN.top + MARGIN.bottom;
  }

  // From data to pixels.
  px(x) {
    const [low, high] = this.panel.x;
    return MARGIN.left + ((x - low) / (high - low)) * (this.width - MARGIN.left - MARGIN.right);
  }
  py(y) {
    const f = this.panel.log_y ? Math.log10 : (v) => v;
    const [low, high] = this.panel.y.map(f);
    const bottom = this.height - MARGIN.bottom;
    return bottom - ((f(y) - low) / (high - low)) * (bottom - MARGIN.top);
  }
  // And back.
  data(event) {
    const box = this.canvas.getBoundingClientRect();
    const across = (event.clientX - box.left - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right);
    const bottom = this.height - MARGIN.bottom;
    const up = (bottom - (event.clientY - box.top)) / (bottom - MARGIN.top);
    const at = ([low, high], share) => low + Math.min(1, Math.max(0, share)) * (high - low);
    return [at(this.panel.x, across), at(this.panel.y, up)];
  }

  handles() {
    return this.items.filter((item) => item.kind === "handle");
  }

  press(event) {
    const handles = this.handles();
    if (!handles.length) return;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const away = (h) => Math.hypot(h.axis === "y" ? 0 : this.px(h.at[0]) - x, h.axis === "x" ? 0 : this.py(h.at[1]) - y);
    this.held = handles.reduce((a, b) => (away(b) < away(a) ? b : a)).name;
    this.canvas.setPointerCapture(event.pointerId);
    this.drag(event);
    this.grips.get(this.held)?.focus({ preventScroll: true });
    event.preventDefault();
  }

  drag(event) {
    if (this.held) this.moveTo(this.held, this.data(event));
  }

  // To a thousandth of the window: what a hand can set, and short in the line of code.
  moveTo(name, at) {
    const handle = this.handles().find((h) => h.name === name);
    if (!handle) return;
    const fine = (value, [low, high]) => {
      const unit = 10 ** Math.floor(Math.log10((high - low) / 500));
      return Number((Math.round(value / unit) * unit).toPrecision(10));
    };
    const clip = (value, [low, high]) => Math.min(high, Math.max(low, value));
    const { x, y } = this.panel;
    const xy = [fine(clip(at[0], x), x), fine(clip(at[1], y), y)];
    if (handle.axis === "x") xy[1] = handle.at[1];
    if (handle.axis === "y") xy[0] = handle.at[0];
    this.page.change(name, xy);
  }

  key(event, name) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const far = event.shiftKey ? 0.1 : 0.01;
    const at = this.page.pending[name] ?? this.handles().find((h) => h.name === name).at;
    const { x, y } = this.panel;
    this.moveTo(name, [at[0] + way[0] * far * (x[1] - x[0]), at[1] + way[1] * far * (y[1] - y[0])]);
  }

  draw(look) {
    const ratio = window.devicePixelRatio || 1;
    if (!this.width || this.width < 10) return;
    const height = this.panel.equal ? this.equalHeight() : this.panel.height;
    if (height !== this.height) this.canvas.style.height = `${(this.height = height)}px`;
    const [w, h] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h) [this.canvas.width, this.canvas.height] = [w, h];
    const g = (this.context ??= this.canvas.getContext("2d", { alpha: false }));
    g.setTransform(1, 0, 0, 1, 0, 0);
    if (this.back.length) g.drawImage(this.behind(look, w, h, ratio), 0, 0);
    else this.ground(g, look, ratio);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.font = FONT;
    this.paint(g, this.items, look);
    this.axes(g, look);
    for (const item of [...this.back, ...this.items]) if (item.kind === "text") this.text(g, item, look);
    this.place(g, look);
  }

  // What changes seldom is drawn once, onto a sheet of its own: shades and contour lines.
  behind(look, w, h, ratio) {
    const key = JSON.stringify([this.panel.x, this.panel.y, look.dark, w, h]);
    if (this.sheet?.key === key && this.sheet.back === this.back) return this.sheet.canvas;
    const canvas = this.sheet?.canvas ?? make("canvas");
    [canvas.width, canvas.height] = [w, h];
    this.ground(canvas.getContext("2d", { alpha: false }), look, ratio);
    this.sheet = { key, back: this.back, canvas };
    return canvas;
  }

  ground(g, look, ratio) {
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = look.colour("paper");
    g.fillRect(0, 0, this.width, this.height);
    if (!this.back.some((item) => item.kind === "image")) this.grid(g, look);
    this.paint(g, this.back, look);
  }

  // The items that stay inside the axes: the images first.
  paint(g, items, look) {
    const inside = [MARGIN.left, MARGIN.top, this.width - MARGIN.left - MARGIN.right, this.height - MARGIN.top - MARGIN.bottom];
    g.save();
    g.beginPath();
    g.rect(...inside);
    g.clip();
    for (const item of items) if (item.kind === "image") this.image(g, item, look, inside);
    for (const item of items) if (!["image", "handle", "text"].includes(item.kind)) this[item.kind](g, item, look);
    g.restore();
  }

  image(g, item, look, inside) {
    const [rows, columns] = item.values.shape;
    const key = look.dark + item.ramp;
    if (item.shades?.key !== key) {
      const sheet = make("canvas", { width: columns, height: rows });
      const pixels = new ImageData(columns, rows);
      item.values.data.forEach((value, n) => {
        const [row, column] = [rows - 1 - Math.floor(n / columns), n % columns];
        pixels.data.set([...look.ramp(item.ramp, value), 255], 4 * (row * columns + column));
      });
      sheet.getContext("2d").putImageData(pixels, 0, 0);
      item.shades = { key, sheet };
    }
    g.imageSmoothingEnabled = false;
    g.drawImage(item.shades.sheet, ...inside);
  }

  trace(g, item) {
    const { data, shape } = item.points;
    g.beginPath();
    let pen = false;
    for (let n = 0; n < shape[0]; n++) {
      const [x, y] = this.at(data, n);
      if (Number.isFinite(x) && Number.isFinite(y)) pen ? g.lineTo(x, y) : g.moveTo(x, y);
      pen = Number.isFinite(x) && Number.isFinite(y);
    }
  }

  // A point in pixels; one far outside stays far outside, but within what a canvas can draw.
  at(data, n) {
    const keep = (v) => (Number.isNaN(v) ? v : Math.min(1e5, Math.max(-1e5, v)));
    return [keep(this.px(data[2 * n])), keep(this.py(data[2 * n + 1]))];
  }

  path(g, item, look) {
    g.globalAlpha = item.alpha;
    g.strokeStyle = look.colour(item.color);
    g.lineWidth = item.width;
    g.lineJoin = "round";
    g.setLineDash(item.dash);
    this.trace(g, item);
    g.stroke();
    g.setLineDash([]);
    g.globalAlpha = 1;
    if (item.marker) this.points(g, { ...item, size: item.width + 1.2 }, look);
  }

  points(g, item, look) {
    const { data, shape } = item.points;
    g.globalAlpha = item.alpha;
    g.fillStyle = look.colour(item.color);
    const edge = item.marker === "*" || item.size >= 3;
    g.strokeStyle = item.marker === "*" ? look.colour("ink") : look.colour("paper");
    g.lineWidth = item.marker === "*" ? 0.8 : 0.5;
    g.beginPath();
    for (let n = 0; n < shape[0]; n++) {
      const [x, y] = this.at(data, n);
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      if (edge) g.beginPath();
      mark(g, item.marker || "o", x, y, item.size);
      if (!edge) continue;
      g.fill();
      g.stroke();
    }
    if (!edge) g.fill(); // all at once: that is much faster
    g.globalAlpha = 1;
  }

  area(g, item, look) {
    g.globalAlpha = item.alpha;
    g.fillStyle = look.colour(item.color);
    this.trace(g, item);
    g.fill();
    g.globalAlpha = 1;
  }

  bars(g, item, look) {
    const { data, shape } = item.points;
    g.globalAlpha = item.alpha;
    g.fillStyle = look.colour(item.color);
    const base = this.py(this.panel.log_y ? Math.max(item.base, this.panel.y[0]) : item.base);
    for (let n = 0; n < shape[0]; n++) {
      const [x0, x1] = [-0.5, 0.5].map((side) => this.px(data[2 * n] + side * item.width));
      const top = this.at(data, n)[1];
      if (Number.isFinite(top)) g.fillRect(x0, Math.min(base, top), x1 - x0, Math.abs(base - top));
    }
    g.globalAlpha = 1;
  }

  text(g, item, look) {
    let [x, y] = item.at;
    if (item.share) {
      x = MARGIN.left + x * (this.width - MARGIN.left - MARGIN.right);
      y = this.height - MARGIN.bottom - y * (this.height - MARGIN.top - MARGIN.bottom);
    } else [x, y] = [this.px(x) + (item.shift ?? 0), this.py(y)];
    g.font = item.bold ? `bold ${FONT}` : FONT;
    g.textAlign = item.align;
    g.textBaseline = "middle";
    g.lineWidth = 3;
    g.strokeStyle = look.colour("paper");
    g.strokeText(item.text, x, y);
    g.fillStyle = look.colour(item.color);
    g.fillText(item.text, x, y);
    g.font = FONT;
  }

  yTicks() {
    if (!this.panel.y_ticks) return [];
    return this.panel.log_y ? decades(...this.panel.y) : ticks(...this.panel.y, this.height / 60);
  }

  grid(g, look) {
    g.strokeStyle = look.colour("grid");
    g.lineWidth = 1;
    for (const y of this.yTicks()) {
      g.beginPath();
      g.moveTo(MARGIN.left, this.py(y));
      g.lineTo(this.width - MARGIN.right, this.py(y));
      g.stroke();
    }
  }

  axes(g, look) {
    const [left, bottom] = [MARGIN.left, this.height - MARGIN.bottom];
    g.strokeStyle = g.fillStyle = look.colour("muted");
    g.lineWidth = 1;
    g.strokeRect(left, MARGIN.top, this.width - left - MARGIN.right, bottom - MARGIN.top);
    g.textAlign = "center";
    g.textBaseline = "top";
    for (const x of ticks(...this.panel.x, this.width / 90)) g.fillText(shown(x), this.px(x), bottom + 4);
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (const y of this.yTicks()) g.fillText(this.panel.log_y ? power(y) : shown(y), left - 5, this.py(y));
    g.fillStyle = look.colour("ink");
    g.textAlign = "center";
    g.textBaseline = "bottom";
    g.fillText(this.panel.x_label, (left + this.width - MARGIN.right) / 2, this.height - 3);
    g.save();
    g.translate(12, (MARGIN.top + bottom) / 2);
    g.rotate(-Math.PI / 2);
    g.textBaseline = "middle";
    g.fillText(this.panel.y_label, 0, 0);
    g.restore();
    g.font = `bold ${FONT}`;
    g.textAlign = "left";
    g.textBaseline = "middle";
    g.fillText(this.panel.title, left, MARGIN.top / 2);
    g.font = FONT;
  }

  // The rings, and the focusable grips that lie over them.
  place(g, look) {
    const seen = new Set();
    for (const item of this.handles()) {
      const [x, y] = [this.px(item.at[0]), this.py(item.at[1])];
      g.beginPath();
      g.arc(x, y, 7, 0, 2 * Math.PI);
      g.fillStyle = look.colour("paper");
      g.fill();
      g.lineWidth = 2.5;
      g.strokeStyle = look.colour(item.color);
      g.stroke();
      if (item.label) this.text(g, { ...item, text: item.label, align: "left", shift: 12 }, look);
      seen.add(item.name);
      let grip = this.grips.get(item.name);
      if (!grip) {
        grip = make("div", { className: "ck-grip", tabIndex: 0 });
        grip.setAttribute("role", "slider");
        grip.setAttribute("aria-label", item.name);
        grip.setAttribute("aria-roledescription", "handle, moved by the arrow keys, with shift in larger steps");
        grip.addEventListener("keydown", (event) => this.key(event, item.name));
        this.grips.set(item.name, grip);
        this.node.append(grip);
      }
      const where = `translate(${x - 11}px, ${y - 11}px)`;
      if (grip.style.transform === where) continue;
      grip.style.transform = where;
      grip.setAttribute("aria-valuenow", item.at[0]);
      grip.setAttribute("aria-valuetext", item.at.map(shown).join(", "));
    }
    for (const [name, grip] of this.grips) {
      if (seen.has(name)) continue;
      grip.remove();
      this.grips.delete(name);
    }
  }
}

// Adds a mark to the path.
function mark(g, marker, x, y, r) {
  const corners = (turn, count, inner = r) => {
    for (let n = 0; n < count; n++) {
      const [angle, far] = [turn + (2 * Math.PI * n) / count, n % 2 ? inner : r];
      g[n ? "lineTo" : "moveTo"](x + far * Math.sin(angle), y - far * Math.cos(angle));
    }
    g.closePath();
  };
  if (marker === "s") g.rect(x - 0.85 * r, y - 0.85 * r, 1.7 * r, 1.7 * r);
  else if (marker === "D") corners(0, 4);
  else if (marker === "^") corners(0, 3);
  else if (marker === "v") corners(Math.PI, 3);
  else if (marker === "*") corners(0, 10, 0.45 * r);
  else if (marker === "P") {
    g.rect(x - 0.35 * r, y - r, 0.7 * r, 2 * r);
    g.rect(x - r, y - 0.35 * r, 2 * r, 0.7 * r);
  } else {
    g.moveTo(x + r, y);
    g.arc(x, y, r, 0, 2 * Math.PI);
  }
}

// The whole playground: controls above, plots side by side, what was measured below.
class Page {
  constructor(model, el) {
    this.model = model;
    this.look = model.get("look");
    this.plots = new Map();
    this.inputs = new Map();
    this.state = {};
    this.pending = {};
    this.id = Math.random(); // the same playground may be on the page twice
    this.sent = this.answered = 0;
    this.controls = make("div", { className: "ck-controls" });
    this.stage = make("div", { className: "ck-stage" });
    this.stage.setAttribute("role", "group");
    this.stage.setAttribute("aria-label", this.look.alt);
    this.readout = make("div", { className: "ck-readout" });
    this.goal = make("div", { className: "ck-goal", hidden: true });
    this.trouble = make("div", { className: "ck-trouble", hidden: true });
    this.spoken = make("div", { className: "ck-spoken" });
    this.copied = make("input", { className: "ck-code", readOnly: true, hidden: true });
    this.copied.setAttribute("aria-label", "the line of code that makes this state again");
    this.trouble.setAttribute("role", "alert");
    this.spoken.setAttribute("role", "status");
    const title = make("div", { className: "ck-title", textContent: model.get("title") });
    const reset = make("button", { textContent: "Back to the start", onclick: () => this.press("reset") });
    const copy = make("button", { textContent: "Copy as code", onclick: () => this.copy() });
    const foot = make("div", { className: "ck-foot" }, reset, copy, this.copied);
    this.node = make("div", { className: "ck-playground" }, title, this.controls, this.goal, this.stage, this.readout, this.trouble, foot, this.spoken);
    // Arrow keys belong to the sliders and handles here, not to the notebook around.
    // It must stand on what has the focus: further up, Notebook 7 finds its own key first.
    this.node.addEventListener("focusin", (event) => (event.target.dataset.lmSuppressShortcuts = "true"));
    this.node.addEventListener("keydown", (event) => event.key.startsWith("Arrow") && event.stopPropagation());
    el.append(this.node);
    this.onMessage = (content, buffers) => this.receive(content, buffers);
    model.on("msg:custom", this.onMessage);
    this.themes = new MutationObserver(() => this.repaint());
    for (const node of [document.documentElement, document.body]) this.themes.observe(node, { attributes: true });
    this.light = window.matchMedia("(prefers-color-scheme: dark)");
    this.onTheme = () => this.repaint();
    this.light.addEventListener("change", this.onTheme);
    this.post({ type: "hello" });
  }

  leave() {
    this.model.off("msg:custom", this.onMessage);
    for (const plot of this.plots.values()) plot.sizes.disconnect();
    this.themes.disconnect();
    this.light.removeEventListener("change", this.onTheme);
    clearTimeout(this.waiting);
  }

  // Moves go out once a painted frame, without waiting for answers, but few at a time.
  change(name, value) {
    this.pending[name] = value;
    this.schedule();
  }

  schedule() {
    if (this.queued || this.sent - this.answered >= IN_FLIGHT || !Object.keys(this.pending).length) return;
    this.post({ type: "move", changes: this.pending });
    this.pending = {};
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.schedule();
    });
  }

  press(name) {
    this.pending = {};
    this.post({ type: "press", name });
  }

  post(content) {
    this.sent += 1;
    this.model.send({ ...content, seq: [this.id, this.sent] });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.say("Python does not answer. If the kernel is busy, wait; if it was restarted, run this cell again."), PATIENCE);
  }

  say(text) {
    if (this.trouble.textContent === text) return;
    this.trouble.hidden = !text;
    this.trouble.textContent = text;
  }

  receive(content, buffers) {
    const [asker, number] = content.seq || [];
    if (asker === this.id) this.answered = number;
    if (this.answered >= this.sent) clearTimeout(this.waiting);
    if (content.type === "error") this.say(`This could not be computed: ${content.text}`);
    else if (content.type === "frame") this.show(content, buffers);
    this.schedule();
  }

  show(content, buffers) {
    this.say("");
    this.state = content.state;
    this.code = content.code;
    this.copied.hidden = true;
    if (content.controls) this.build(content.controls);
    for (const [name, view] of Object.entries(content.views)) {
      if (!this.plots.has(name)) {
        this.plots.set(name, new Plot(name, this));
        this.stage.append(this.plots.get(name).node);
      }
      this.plots.get(name).update(view, buffers);
    }
    for (const [name, plot] of this.plots) {
      if (name in content.views) continue;
      plot.node.remove();
      plot.sizes.disconnect();
      this.plots.delete(name);
    }
    const lines = this.readout.children;
    while (lines.length > content.readout.length) this.readout.lastChild.remove();
    content.readout.forEach((line, n) => write(lines[n] ?? this.readout.appendChild(make("div")), line));
    this.goal.hidden = !content.goal;
    this.goal.classList.toggle("ck-met", content.met);
    write(this.goal, `${content.met ? "✓ Reached" : "○ Not yet"}: ${content.goal}`);
    // What is heard comes once the hand rests.
    clearTimeout(this.resting);
    this.resting = setTimeout(() => (this.spoken.textContent = [content.goal && this.goal.textContent, ...content.readout].filter((t) => t).join(". ")), 700);
    for (const [name, input] of this.inputs) if (!(name in this.pending)) input.set(this.state[name]);
    this.redraw();
    if (!this.colours) this.repaint(); // the first frame: by now the page is around it
  }

  // In the colours of the page around, which are asked for only when they may have changed.
  repaint() {
    if (!this.node.isConnected) return;
    const dark = isDark(this.node);
    if (this.colours?.dark === dark) return;
    this.node.classList.toggle("ck-dark", dark);
    const { colours, ramps } = this.look;
    this.colours = {
      dark,
      colour: (role) => (colours[role] ? colours[role][dark ? 1 : 0] : role),
      ramp: (name, value) => shade(ramps[name][dark ? 1 : 0], value),
    };
    this.swatch();
    this.redraw();
  }

  swatch() {
    for (const node of this.controls.querySelectorAll(".ck-swatch")) node.style.background = this.colours.colour(node.dataset.role);
  }

  redraw() {
    if (!this.colours) return;
    for (const plot of this.plots.values()) plot.draw(this.colours);
  }

  build(controls) {
    const focused = document.activeElement?.dataset?.name;
    this.inputs = new Map();
    this.controls.replaceChildren();
    for (const control of controls) {
      const input = BUILDERS[control.kind](control, this);
      input.field.dataset.name = control.name;
      if (input.set) this.inputs.set(control.name, input);
      this.controls.append(input.node);
      if (focused === control.name) input.field.focus();
    }
    if (this.colours) this.swatch();
  }

  async copy() {
    this.copied.value = this.code;
    this.copied.hidden = false;
    this.copied.select();
    try {
      await navigator.clipboard.writeText(this.code);
      this.spoken.textContent = "Copied.";
    } catch {
      this.spoken.textContent = "Selected: copy it with the keyboard."; // a page without the right to the clipboard
    }
  }
}

function shade(stops, value) {
  const at = Math.min(0.999999, Math.max(0, value)) * (stops.length - 1);
  const [n, part] = [Math.floor(at), at % 1];
  const channel = (stop, k) => parseInt(stop.slice(1 + 2 * k, 3 + 2 * k), 16);
  return [0, 1, 2].map((k) => Math.round((1 - part) * channel(stops[n], k) + part * channel(stops[n + 1], k)));
}

// A control's name, with the colour of the line that it belongs to.
function caption(control) {
  const swatch = control.color ? [make("i", { className: "ck-swatch" })] : [];
  if (control.color) swatch[0].dataset.role = control.color;
  return make("span", {}, ...swatch, control.label);
}

const BUILDERS = {
  slider(control, page) {
    const { low, high, log, step } = control;
    const whole = step === 1;
    let player = null;
    const share = (v) => (log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low));
    const value = (t) => {
      const v = log ? low * (high / low) ** t : low + t * (high - low);
      return Math.min(high, Math.max(low, step ? Math.round(v / step) * step : rounded(v)));
    };
    // Eight places an octave for whole numbers by factors: more would round to the same number.
    const parts = !whole ? 400 : log ? Math.round(8 * Math.log2(high / low)) : high - low;
    const field = make("input", { type: "range", min: 0, max: parts, step: 1 });
    const number = make("output");
    number.setAttribute("aria-live", "off"); // the slider itself says its value
    const write = (v) => {
      number.textContent = shown(v);
      field.setAttribute("aria-valuetext", shown(v));
    };
    field.addEventListener("input", () => {
      const v = value(field.value / parts);
      write(v);
      page.change(control.name, v);
    });
    const set = (v) => {
      if (player) return;
      write(v);
      // The thumb stays under the hand: it is set only when it stands for another value.
      if (value(field.value / parts) !== v) field.value = Math.round(share(v) * parts);
    };
    const node = make("label", {}, caption(control), field, number);
    if (!control.play) return { node, field, set };
    const button = make("button", { textContent: "▶", title: `Play ${control.label.toLowerCase()}` });
    button.setAttribute("aria-label", button.title);
    const stop = () => {
      clearInterval(player);
      player = null;
      button.textContent = "▶";
    };
    button.onclick = () => {
      if (player) return stop();
      const [from, to] = [low, value(field.value / parts)];
      let now = from;
      button.textContent = "■";
      player = setInterval(() => {
        if (!field.isConnected) return stop();
        write(now);
        page.change(control.name, now);
        if (now >= to) return stop();
        now = Math.min(to, now + Math.max(1, Math.round((to - from) / 100)));
      }, 40);
    };
    return { node: make("span", {}, node, button), field, set };
  },
  choice(control, page) {
    const field = make("select", {}, ...control.options.map((option) => make("option", { textContent: option, value: option })));
    field.addEventListener("change", () => page.change(control.name, field.value));
    return { node: make("label", {}, caption(control), field), field, set: (v) => (field.value = v) };
  },
  toggle(control, page) {
    const field = make("input", { type: "checkbox" });
    field.addEventListener("change", () => page.change(control.name, field.checked));
    return { node: make("label", {}, field, caption(control)), field, set: (v) => (field.checked = v) };
  },
  button(control, page) {
    const field = make("button", { textContent: control.label, onclick: () => page.press(control.name) });
    return { node: field, field };
  },
};

export default {
  render({ model, el }) {
    const page = new Page(model, el);
    return () => page.leave();
  },
};
