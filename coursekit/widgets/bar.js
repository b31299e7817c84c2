// The tool bar below an exercise's card. Python says what stands in it (`view`); what the reader
// does goes back as one message. Nodes are changed, never replaced: the focus stays where it is.

const PATIENCE = 4000; // ms without an answer until the bar says so
const PAUSE = 120; // ms: a live region speaks when it changes, not when it appears

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

function render({ model, el }) {
  const first = model.get("view");
  let waiting = 0;
  let given = first.given;

  const send = (act, value = "") => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      trouble.textContent = "No answer from Python yet. It may be busy; if it was restarted, run this cell again.";
    }, PATIENCE);
    try {
      model.send({ act, value });
    } catch {
      clearTimeout(waiting);
      trouble.textContent = "Python was restarted: run this cell again.";
    }
  };
  const button = (text, act) => make("button", { type: "button", textContent: text, onclick: () => send(act) });

  // The answer: a field or a row of choices, in a form so that Enter submits.
  const submit = make("button", { type: "submit", className: "ck-main" });
  const field = make("input", { type: "text", autocomplete: "off", spellcheck: false });
  field.value = first.given; // not its default, to which a reset of the form goes back
  const choices = make("fieldset", {}, make("legend", { textContent: "Your answer" }));
  const name = `choice-${Math.random()}`; // one group of radio buttons a view
  const radios = Object.entries(first.choices).map(([letter, text]) => {
    const radio = make("input", { type: "radio", name, value: letter });
    radio.setAttribute("aria-label", `${letter}. ${text}`);
    choices.append(make("label", { title: text }, radio, letter));
    return radio;
  });
  const form = make("form", { className: "ck-answer" });
  if (first.kind === "number") form.append(make("label", {}, "Your number", field), submit);
  if (first.kind === "predict") form.append(choices, submit);
  form.onkeydown = (event) => {
    if (event.key !== "Enter" || event.target === submit) return;
    event.preventDefault(); // and not left to the browser, which submits on Enter in some pages only
    form.requestSubmit();
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    send("answer", first.kind === "number" ? field.value : (radios.find((r) => r.checked)?.value ?? ""));
  };

  // Help.
  const hint = button("", "hint");
  const solution = button("Solution", "solution");
  const reset = button("Reset", "reset");
  const copy = make("button", { type: "button", textContent: "Copy solution" });
  copy.onclick = async () => {
    await navigator.clipboard.writeText(model.get("view").solution);
    say("Copied.");
  };
  const question = make("span");
  const confirm = make("span", { className: "ck-confirm" }, question, button("Yes", "yes"), button("No", "no"));
  confirm.setAttribute("role", "group");
  confirm.onkeydown = (event) => {
    if (event.key === "Escape") send("no");
  };
  const asker = { solution, reset };
  let asked = null;

  const spoken = make("div", { className: "ck-spoken" });
  spoken.setAttribute("role", "status");
  spoken.setAttribute("aria-live", "polite");
  const say = (words) => {
    spoken.textContent = "";
    setTimeout(() => (spoken.textContent = words), PAUSE);
  };
  const trouble = make("div", { className: "ck-trouble" });
  trouble.setAttribute("role", "alert");

  const bar = make("div", { className: "ck-bar" }, form, hint, solution, copy, confirm, reset, trouble, spoken);
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", `Answer and help: ${first.title}`);
  // Else JupyterLab takes the arrows and Enter for itself; what goes with Ctrl, such as saving, it may.
  const guard = (event) => {
    if (!bar.contains(event.target)) return;
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !event.ctrlKey && !event.metaKey);
  };
  window.addEventListener("keydown", guard, true);
  form.hidden = !form.childElementCount;

  const update = () => {
    const view = model.get("view");
    clearTimeout(waiting);
    trouble.textContent = "";
    hint.textContent = view.hint;
    hint.hidden = !view.hint;
    copy.hidden = !view.solution || !navigator.clipboard;
    submit.textContent = view.kind === "number" ? "Check" : view.locked ? `Locked in: ${view.given}` : "Lock in";
    if (view.locked && choices.contains(document.activeElement)) submit.focus();
    choices.disabled = view.locked;
    if (given && !view.given) form.reset(); // forgotten; what is typed and not yet sent stays
    given = view.given;
    if (view.kind === "predict" && view.locked) radios.forEach((r) => (r.checked = r.value === view.given));
    if (view.asking) {
      asked = asker[view.asking];
      asked.after(confirm);
    } else if (confirm.contains(document.activeElement)) asked.focus();
    confirm.hidden = !view.asking;
    question.textContent = view.question;
    confirm.setAttribute("aria-label", view.question);
    if (view.said) say(view.said);
  };
  model.on("change:view", update);
  update();
  el.append(bar);
  return () => {
    clearTimeout(waiting);
    window.removeEventListener("keydown", guard, true);
    model.off("change:view", update);
  };
}

export default { render };
