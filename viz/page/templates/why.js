// Explanations of one decision: stored for the dozen, computed in the page for any other image.
"use strict";
(() => {
  const { all, byId, chance, chosenImage, color, data, drawn, on, sections, set, single, state } = atlas;
  const section = sections.why;
  if (!section) return;
  const select = byId("why-class"), canvases = all("#why [data-method]"), SIDE = 208, SATURATED = 0.995, SLOW = ["occlusion", "integrated", "smooth"];
  let round = 0; // of computing: an older one stops when a newer one has begun

  select.addEventListener("change", () => set({ class: select.value === "" ? null : Number(select.value) }));

  const stored = () => typeof state.image === "number";
  const classes = () => (stored() ? section.explained[state.image] : data.classes.map((_, k) => k));

  function target() {
    return classes().includes(state.class) ? state.class : chosenImage().predicted;
  }

  function draw() {
    if (!stored() && live.refreshed()?.of !== state.image) return;
    const { guesses } = chosenImage(), chances = new Map(guesses), goal = target();
    const order = [...classes()].sort((a, b) => (chances.get(b) || 0) - (chances.get(a) || 0)).slice(0, 50);
    select.replaceChildren(
      new Option("its own answer", ""),
      ...order.map((k) => new Option(`${data.classes[k]} (${chance(chances.get(k) || 0)})`, k)),
    );
    select.value = state.class !== null && classes().includes(state.class) ? String(state.class) : "";
    say();
    round++;
    if (stored()) canvases.forEach((canvas, k) => showStored(canvas, section.methods[k], goal));
    else compute(goal, round);
  }

  // The whole image, and what is explained.
  function say() {
    const { name, predicted } = chosenImage(), goal = target();
    drawImage();
    const left = state.class !== null && state.class !== goal ? ` ${data.classes[state.class]} was not explained for this image.` : "";
    byId("why-said").textContent = `${name}; the network’s answer: ${data.classes[predicted]}; explained: ${data.classes[goal]}.${left}`;
  }

  function mark(canvas, { empty, weak }) {
    canvas.parentElement.querySelector(".empty").hidden = !empty;
    const note = canvas.parentElement.querySelector(".pale");
    note.hidden = !weak;
    note.textContent = weak || "";
  }

  function showStored(canvas, method, goal) {
    const explained = section.explained[state.image], at = explained.indexOf(goal), strength = method.strength[state.image][at];
    canvas.classList.toggle("signed", method.signed);
    single(canvas, method.sprite, state.image * explained.length + at, SIDE, `${method.title} for ${data.classes[goal]}`);
    const empty = method.empty[state.image][at];
    mark(canvas, { empty, weak: !empty && strength < 0.1 ? `Weak: ${chance(strength)} of this method’s strongest map for this image.` : "" });
  }

  async function compute(goal, mine) {
    const { pixels } = live.refreshed(), [, H, W] = live.size;
    for (const [k, method] of section.methods.entries()) {
      const canvas = canvases[k];
      canvas.classList.toggle("signed", method.signed);
      if (section.slow && SLOW.includes(method.name)) {
        drawn(`own-${method.name}`, Object.assign(document.createElement("canvas"), { width: W, height: H }), W, H, 1);
        single(canvas, `own-${method.name}`, 0, SIDE, method.title);
        mark(canvas, { empty: false, weak: "Not computed here: it runs this large network too many times. Hide a square of the image instead." });
        continue;
      }
      const found = await live.ask("explain", { pixels, method: method.name, target: goal, options: section.window });
      if (mine !== round) return;
      const map = flat(found, H * W), magnitudes = map.map(Math.abs).sort(), end = magnitudes[Math.round(SATURATED * (map.length - 1))] || magnitudes.at(-1);
      single(canvas, live.sheetOf(`own-${method.name}`, [map], [H, W], method.signed, end || 1), 0, SIDE, `${method.title} for ${data.classes[goal]}`);
      mark(canvas, { empty: !end, weak: "" });
    }
  }
  // One number for each pixel: the sum over the colors.
  function flat({ data: values }, area) {
    const map = new Float32Array(area);
    values.forEach((v, i) => (map[i % area] += v));
    return map;
  }

  // The image. The pointer or the arrow keys move a square that hides part of it; the network sees the rest.
  const image = byId("why-image"), hide = byId("why-hide");
  let square = null, asked = 0; // its top and left
  function drawImage() {
    if (!live.available || !live.refreshed()) return void (stored() && single(image, "whole", state.image, SIDE, chosenImage().name));
    const canvas = document.createElement("canvas"), { side } = section.window;
    live.show(canvas, live.refreshed().pixels);
    drawn("why-image", canvas, canvas.width, canvas.height, 1);
    single(image, "why-image", 0, SIDE, chosenImage().name + (hide.checked ? ". Arrow keys move the hidden square." : ""), (context, scale) => {
      if (!square) return;
      context.fillStyle = "#888";
      context.fillRect(square[1] * scale, square[0] * scale, side * scale, side * scale);
      context.strokeStyle = color("--accent");
      context.strokeRect(square[1] * scale, square[0] * scale, side * scale, side * scale);
    });
  }
  async function hideAt(top, left) {
    const { pixels, probabilities } = live.refreshed(), { side } = section.window, goal = target(), mine = ++asked;
    square = [top, left];
    drawImage();
    const found = await live.ask("hide", { pixels, target: goal, top, left, side });
    if (mine === asked) byId("why-said").textContent = `With this square hidden: ${data.classes[goal]} ${chance(found.probabilities[goal])}; before, ${chance(probabilities[goal])}.`;
  }
  function showAll() {
    if (!square) return;
    square = null;
    asked++;
    say();
  }
  for (const kind of ["pointerdown", "pointermove"]) image.addEventListener(kind, (event) => {
    if (!hide?.checked || !live.refreshed()) return;
    const box = image.getBoundingClientRect(), [, H, W] = live.size, { side } = section.window;
    hideAt(Math.round(((event.clientY - box.top) / box.height) * H - side / 2), Math.round(((event.clientX - box.left) / box.width) * W - side / 2));
  });
  image.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && showAll()); // a finger's square stays
  image.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!move || !hide?.checked || !live.refreshed()) return;
    event.preventDefault();
    const { side } = section.window, step = Math.ceil(side / 2), middle = live.size.slice(1).map((end) => Math.round((end - side) / 2));
    const [top, left] = square ? square.map((v, axis) => Math.min(Math.max(v + step * move[axis], 0), live.size[axis + 1] - side)) : middle;
    hideAt(top, left);
  });
  image.addEventListener("blur", showAll);
  hide?.addEventListener("change", () => {
    image.style.touchAction = hide.checked ? "none" : "";
    if (hide.checked) image.tabIndex = 0;
    else image.removeAttribute("tabindex");
    square = null;
    say();
  });

  on(["image", "class", ...(live.available ? ["live"] : [])], draw);
})();
