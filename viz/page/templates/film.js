// Training as a film: all views show the same moment, which a slider chooses.
"use strict";
(() => {
  const { bars, byId, chance, color, data, drawn, mosaic, on, percent, sections, set, state, surface } = atlas;
  const section = sections.film;
  if (!section) return;
  const { moments, space } = section, last = moments.length - 1, PACE = 700, FILTERS = 32, MAPS = 20;
  const slider = byId("film-moment"), play = byId("film-play"), moment = () => Math.min(state.moment ?? last, last);
  const running = live.available && section.weights !== null;

  slider.addEventListener("input", () => set({ moment: Number(slider.value) }));
  let timer = null;
  function stop() {
    clearInterval(timer);
    timer = null;
    play.setAttribute("aria-pressed", "false");
    play.textContent = "Play";
  }
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (moment() === last) set({ moment: 0 });
    timer = setInterval(() => (moment() === last ? stop() : set({ moment: moment() + 1 })), PACE);
    play.setAttribute("aria-pressed", "true");
    play.textContent = "Stop";
  });

  // The network at a moment: the worker keeps it under a name of its own; its weights stay here, to draw the filters.
  const sent = new Set(), weights = new Map();
  function weightsAt(k) {
    if (!weights.has(k)) weights.set(k, engine.decode(section.weights[k], "float16"));
    return weights.get(k);
  }
  async function run(k, pixels) {
    if (!sent.has(k)) {
      sent.add(k);
      live.ask("load", { name: `moment ${k}`, program: { ...live.program, precision: "float16" }, weights: section.weights[k] });
    }
    return live.ask("run", { name: `moment ${k}`, pixels });
  }

  const first = running ? live.program.steps.find((step) => step.op === "conv2d") : undefined;
  function drawFilters(k) {
    const [O, I, kh, kw] = first ? first.weight.shape : [0, 0, 0, 0], count = Math.min(O, FILTERS), area = kh * kw;
    byId("film-filters-box").hidden = I !== 1 && I !== 3;
    if (byId("film-filters-box").hidden) return;
    const w = weightsAt(k).subarray(first.weight.at, first.weight.at + O * I * area), most = live.largest(w);
    const canvas = byId("film-filters");
    canvas.classList.toggle("signed", I === 1);
    if (I === 1) live.sheetOf("film-filters", Array.from({ length: count }, (_, o) => w.subarray(o * area, (o + 1) * area)), [kh, kw], true, most);
    else {
      const image = Object.assign(document.createElement("canvas"), { width: count * kw, height: kh }), context = image.getContext("2d");
      for (let o = 0; o < count; o++) {
        const cell = context.createImageData(kw, kh);
        for (let i = 0; i < area; i++) cell.data.set([...[0, 1, 2].map((c) => 127.5 + (127.5 * w[(o * 3 + c) * area + i]) / most), 255], 4 * i);
        context.putImageData(cell, o * kw, 0);
      }
      drawn("film-filters", image, kw, kh, count);
    }
    mosaic(canvas, { sheet: "film-filters", cells: Array.from({ length: count }, (_, o) => o), size: 36, gap: 8, label: `Filters of ${first.path}, ${moments[k]}` });
  }

  function layer() {
    const withMaps = live.layers.filter((one) => !one.vector);
    return withMaps.find(({ path }) => path === state.layer) || withMaps.find(({ kind }) => kind === "ReLU") || withMaps[0];
  }
  function drawMaps(k, values) {
    const { path, channels } = layer(), { data: all, shape } = values[live.program.values[path]], [, h, w] = shape, shown = channels.slice(0, MAPS);
    const canvas = byId("film-maps"), signed = all.some((v) => v < 0);
    canvas.classList.toggle("signed", signed);
    live.sheetOf("film-maps", shown.map((c) => all.subarray(c * h * w, (c + 1) * h * w)), [h, w], signed, live.largest(all));
    mosaic(canvas, { sheet: "film-maps", cells: shown.map((_, i) => i), size: 52, gap: 4, label: `Maps of ${path}, ${moments[k]}` });
    byId("film-maps-title").textContent = `Maps of ${path}`;
  }

  function drawSpace(k) {
    if (!space) return;
    const canvas = byId("film-space"), side = Math.min(canvas.parentElement.clientWidth, 420), margin = 8, context = surface(canvas, side, side);
    const { labels, predictions } = data.gallery, classes = labels || predictions;
    space.points[k].forEach(([x, y], i) => {
      const place = space.places[i], wrong = space.right && !space.right[k][i];
      context.globalAlpha = state.class !== null && classes[place] !== state.class ? 0.12 : 1;
      context.fillStyle = context.strokeStyle = colors.ofClass(classes[place]) || color("--soft");
      context.beginPath();
      context.arc(margin + x * (side - 2 * margin), margin + y * (side - 2 * margin), 2.8, 0, 7);
      if (wrong) context.stroke();
      else context.fill();
    });
    canvas.setAttribute("aria-label", `The feature space ${moments[k]}`);
  }

  function drawAccuracy(k) {
    if (!section.per_class) return;
    byId("film-accuracy").textContent = `${percent(section.accuracy[k])} of ${section.tested.toLocaleString("en")} test images right`;
    const known = section.per_class[k].map((value, c) => [c, value]).filter(([, value]) => value !== null).slice(0, 25);
    bars(byId("film-classes"), known, state.class, percent);
  }

  let asked = 0;
  async function draw() {
    const k = moment(), mine = ++asked;
    slider.value = k;
    slider.setAttribute("aria-valuetext", moments[k]);
    byId("film-value").textContent = moments[k];
    drawSpace(k);
    drawAccuracy(k);
    if (!running || !live.refreshed()) return;
    drawFilters(k);
    const { values, probabilities } = await run(k, live.refreshed().pixels);
    if (mine !== asked) return;
    drawMaps(k, values);
    const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 5);
    byId("film-answer").textContent = `Its answer: ${data.classes[order[0]]} (${chance(probabilities[order[0]])})`;
    bars(byId("film-bars"), order.map((c) => [c, probabilities[c]]), order[0]);
  }
  on(["moment", "layer", "class", ...(live.available ? ["live"] : [])], draw);
})();
