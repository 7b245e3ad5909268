"use strict";
(() => {
  const { all, byId, choosePlace, color, copy, data, describe, drawn, mosaic, on, sections, set, sheet, single, state, surface } = atlas;
  const section = sections.space;
  if (!section) return;
  const { labels, predictions } = data.gallery;
  const classes = labels || predictions;
  const canvas = byId("space-scatter"), tip = byId("space-tip"), pictures = byId("space-pictures");
  const COLORED = data.classColors.length; // classes: more cannot be told apart by color
  const MARGIN = 12;
  let side = 0;
  let hovered = null;

  const position = (place) => section.maps[state.map][place].map((v) => MARGIN + v * (side - 2 * MARGIN));
  const hue = (k) => (document.documentElement.dataset.theme === "dark" ? `color-mix(in srgb, ${data.classColors[k]} 70%, white)` : data.classColors[k]);
  const faint = (place) => state.class !== null && classes[place] !== state.class;

  function draw() {
    side = Math.min(canvas.parentElement.clientWidth, 680);
    const context = surface(canvas, side, side);
    const asGrid = state.map === "grid", images = asGrid || pictures.checked ? sheet("gallery", draw) : null;
    const cell = asGrid ? (side - 2 * MARGIN) / Math.ceil(Math.sqrt(section.count)) : side < 500 ? 12 : 16;
    const hues = data.classes.map((_, k) => (data.classes.length <= COLORED ? solid(hue(k)) : ""));
    for (let place = 0; place < section.count; place++) {
      const [x, y] = position(place);
      context.globalAlpha = faint(place) ? 0.12 : 1;
      if (images) copy(context, images, place, Math.round(x - cell / 2), Math.round(y - cell / 2), Math.ceil(cell), Math.ceil((cell * images.height) / images.width));
      else if (!asGrid) {
        context.fillStyle = data.classes.length <= COLORED ? hues[classes[place]] : state.class === classes[place] ? color("--accent") : color("--soft");
        context.beginPath();
        context.arc(x, y, side < 500 ? 2 : 2.8, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    if (!images && data.classes.length <= COLORED && side >= 500) names(context);
    if (own) star(context, own[state.map]);
    if (state.point !== null) ring(context, state.point, color("--accent"), 8);
    if (hovered !== null) ring(context, hovered, color("--ink"), 7);
  }

  // A canvas takes no color-mix: the browser works it out.
  const probe = document.createElement("i");
  function solid(text) {
    probe.style.color = text;
    document.body.append(probe);
    const { color: found } = getComputedStyle(probe);
    probe.remove();
    return found;
  }

  // Where the reader's own image lies: by PCA exactly, on the other maps amid its nearest neighbors.
  let own = null;
  function star(context, [u, v]) {
    const [x, y] = [u, v].map((place) => MARGIN + Math.min(Math.max(place, 0), 1) * (side - 2 * MARGIN));
    context.fillStyle = color("--accent");
    context.strokeStyle = color("--paper");
    context.lineWidth = 2;
    context.beginPath();
    for (let k = 0; k < 10; k++) context.lineTo(x + Math.sin((k * Math.PI) / 5) * (k % 2 ? 5 : 12), y - Math.cos((k * Math.PI) / 5) * (k % 2 ? 5 : 12));
    context.closePath();
    context.fill();
    context.stroke();
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

  // The features and the neighbors of an image that the gallery does not hold.
  let features = null, pixels = null;
  function locate() {
    own = null;
    const current = live.available && live.refreshed();
    if (state.picture !== "own" || current?.of !== "own" || !section.features) return null;
    const d = section.dimensions, { data: y, shape } = current.values[live.program.values[section.layer]], area = y.length / d;
    const mine = Float32Array.from({ length: d }, (_, k) => (shape.length < 3 ? y[k] : y.subarray(k * area, (k + 1) * area).reduce((a, b) => a + b, 0) / area));
    features ??= engine.decode(section.features, "float16");
    const distance = (table, width, vector) => (place) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (table[place * width + k] - vector[k]) ** 2;
      return sum;
    };
    const nearestBy = (far) => {
      const distances = Array.from({ length: section.count }, (_, place) => far(place));
      return [...distances.keys()].sort((a, b) => distances[a] - distances[b]).slice(0, section.k);
    };
    const near = { features: nearestBy(distance(features, d, mine)), pixels: null };
    const width = current.pixels.length;
    if (data.exact && !pixels && sheet("gallery")) {
      pixels = new Uint8Array(section.count * width);
      for (let place = 0; place < section.count; place++) pixels.set(live.pixelsAt("gallery", place), place * width);
    }
    if (pixels) near.pixels = nearestBy(distance(pixels, width, current.pixels));
    const { mean, components, low, span, margin } = section.projection;
    const flat = components.map((row) => row.reduce((sum, v, k) => sum + v * (mine[k] - mean[k]), 0));
    const amid = (map) => [0, 1].map((axis) => near.features.slice(0, 3).reduce((sum, place) => sum + section.maps[map][place][axis], 0) / Math.min(3, near.features.length));
    own = { pca: [(flat[0] - low[0]) / span + margin[0], (-flat[1] - low[1]) / span + margin[1]], tsne: amid("tsne"), grid: amid("grid") };
    return near;
  }

  on(["point", "picture", ...(live.available ? ["live"] : [])], () => {
    const near = locate();
    if (near) return showOwn(near);
    const place = state.point ?? data.pictures[state.picture]?.place ?? 0;
    draw();
    single(byId("space-point"), "gallery", place, 112, describe(place));
    byId("space-said").textContent = describe(place);
    for (const kind of ["features", "pixels"]) neighbors(kind, section.near[kind][place], labels ? labels[place] : null);
  });

  function neighbors(kind, near, label) {
    mosaic(byId(`space-${kind}`), {
      sheet: "gallery", cells: near, size: 64, columns: 4, label: `Nearest images in ${kind}`,
      framed: labels && label !== null ? (k) => labels[near[k]] !== label : undefined,
      tell: (k) => describe(near[k]), choose: (k) => choosePlace(near[k]),
    });
  }

  function showOwn(near) {
    const image = document.createElement("canvas"), [, H, W] = live.size;
    live.show(image, live.refreshed().pixels);
    drawn("own-image", image, W, H, 1);
    single(byId("space-point"), "own-image", 0, 112, "your own image");
    byId("space-said").textContent = "your own image: the star on the map";
    for (const kind of ["features", "pixels"]) neighbors(kind, near[kind] || [], null);
    draw();
  }

  // The colors' names, where the map is too small for them.
  const key = byId("space-key");
  on([], () => key.replaceChildren(...(data.classes.length <= COLORED ? data.classes : []).map((name, k) => {
    const entry = document.createElement("li"), dot = document.createElement("i");
    dot.style.background = hue(k);
    entry.append(dot, name);
    return entry;
  })));
})();
