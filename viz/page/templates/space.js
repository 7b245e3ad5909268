"use strict";
(() => {
  const { all, byId, choosePlace, color, copy, data, describe, mosaic, on, sections, set, sheet, single, state, surface } = atlas;
  const section = sections.space;
  if (!section) return;
  const { labels, predictions } = data.gallery;
  const classes = labels || predictions;
  const canvas = byId("space-scatter"), tip = byId("space-tip"), pictures = byId("space-pictures");
  const COLOURED = 12; // classes: more cannot be told apart by colour
  const MARGIN = 12;
  let side = 0;
  let hovered = null;

  const position = (place) => section.maps[state.map][place].map((v) => MARGIN + v * (side - 2 * MARGIN));
  const hue = (k) => `hsl(${Math.round((360 * k) / data.classes.length)} 62% ${document.documentElement.dataset.theme === "dark" ? 62 : 45}%)`;
  const faint = (place) => state.class !== null && classes[place] !== state.class;

  function draw() {
    side = Math.min(canvas.parentElement.clientWidth, 680);
    const context = surface(canvas, side, side);
    const asGrid = state.map === "grid", drawn = asGrid || pictures.checked ? sheet("gallery", draw) : null;
    const cell = asGrid ? (side - 2 * MARGIN) / Math.ceil(Math.sqrt(section.count)) : side < 500 ? 12 : 16;
    for (let place = 0; place < section.count; place++) {
      const [x, y] = position(place);
      context.globalAlpha = faint(place) ? 0.12 : 1;
      if (drawn) copy(context, drawn, place, x - cell / 2, y - cell / 2, cell, (cell * drawn.height) / drawn.width);
      else if (!asGrid) {
        context.fillStyle = data.classes.length <= COLOURED ? hue(classes[place]) : state.class === classes[place] ? color("--accent") : color("--soft");
        context.beginPath();
        context.arc(x, y, side < 500 ? 2 : 2.8, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    if (!drawn && data.classes.length <= COLOURED) names(context);
    if (state.point !== null) ring(context, state.point, color("--accent"), 8);
    if (hovered !== null) ring(context, hovered, color("--ink"), 7);
  }

  function ring(context, place, stroke, radius) {
    const [x, y] = position(place);
    context.strokeStyle = stroke;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.stroke();
  }

  // A class's name stands where most of it is: at the medians.
  function names(context) {
    context.font = "600 13px Inter, system-ui, sans-serif";
    context.textAlign = "center";
    context.lineJoin = "round";
    data.classes.forEach((name, k) => {
      if (state.class !== null && state.class !== k) return;
      const own = Array.from({ length: section.count }, (_, place) => place).filter((place) => classes[place] === k).map(position);
      if (!own.length) return;
      const middle = (axis) => own.map((point) => point[axis]).sort((a, b) => a - b)[own.length >> 1];
      const text = name.length > 18 ? `${name.slice(0, 17)}…` : name;
      const half = context.measureText(text).width / 2;
      const x = Math.min(Math.max(middle(0), half + 4), side - half - 4);
      context.strokeStyle = color("--paper");
      context.lineWidth = 5;
      context.strokeText(text, x, middle(1));
      context.fillStyle = color("--ink");
      context.fillText(text, x, middle(1));
    });
  }

  function nearest(x, y, within) {
    let best = null, least = within * within;
    for (let place = 0; place < section.count; place++) {
      const [px, py] = position(place), distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least && !faint(place)) [best, least] = [place, distance];
    }
    return best;
  }

  function pointer(event) {
    const box = canvas.getBoundingClientRect();
    return nearest(((event.clientX - box.left) * side) / box.width, ((event.clientY - box.top) * side) / box.height, 16);
  }

  function hover(place) {
    if (place === hovered) return;
    hovered = place;
    tip.hidden = place === null;
    if (place !== null) {
      const [x, y] = position(place);
      single(tip.querySelector("canvas"), "gallery", place, 84, "");
      tip.querySelector("span").textContent = describe(place);
      tip.style.left = `${Math.max(0, Math.min(x + 14, side - 200))}px`;
      tip.style.top = `${y > side - 120 ? y - 115 : y + 14}px`;
    }
    draw();
  }

  canvas.addEventListener("pointermove", (event) => hover(pointer(event)));
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("click", (event) => {
    const place = hovered === null ? pointer(event) : hovered; // what was shown is what is chosen
    if (place !== null) choosePlace(place);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const from = state.point === null ? [side / 2, side / 2] : position(state.point);
    let best = null, least = Infinity;
    for (let place = 0; place < section.count; place++) {
      const [x, y] = position(place), dx = x - from[0], dy = y - from[1];
      const along = dx * step[0] + dy * step[1], beside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
      if (along > 0.5 && beside <= along && along + beside < least) [best, least] = [place, along + beside];
    }
    if (best !== null) choosePlace(best);
  });

  for (const input of all("#space-map input")) input.addEventListener("change", () => set({ map: input.value }));
  pictures.addEventListener("change", draw);
  byId("space-class").addEventListener("change", (event) => set({ class: event.target.value === "" ? null : Number(event.target.value) }));

  on(["map", "class", "point"], () => {
    for (const input of all("#space-map input")) input.checked = input.value === state.map;
    byId("space-class").value = state.class === null ? "" : String(state.class);
    pictures.disabled = state.map === "grid";
    draw();
  });

  on(["point", "picture"], () => {
    const place = state.point === null ? data.pictures[state.picture].place : state.point;
    single(byId("space-point"), "gallery", place, 112, describe(place));
    byId("space-said").textContent = describe(place);
    for (const kind of ["features", "pixels"]) {
      const near = section.near[kind][place];
      mosaic(byId(`space-${kind}`), {
        sheet: "gallery", cells: near, size: 64, columns: 4, label: `Nearest pictures in ${kind}`,
        framed: labels ? (k) => labels[near[k]] !== labels[place] : undefined,
        tell: (k) => describe(near[k]), choose: (k) => choosePlace(near[k]),
      });
    }
  });
})();
