// The page runs the network itself, in a worker, and computes everything again for each image that is chosen.
"use strict";
const live = (() => {
  const { answer, byId, data, drawn, on, sections, sheet, state, tell } = atlas;
  if (!data.program) return { available: false };
  const { program } = data, [C, H, W] = program.input, layers = sections.journey ? sections.journey.layers : [];
  const weights = byId("atlas-weights").textContent;
  const worker = new Worker(URL.createObjectURL(new Blob([byId("engine").textContent, "\nengine.serve(self);"], { type: "text/javascript" })));
  const waiting = new Map();
  let tickets = 0, network = null, busy = false, again = false;
  let current = null; // {pixels, values, probabilities, milliseconds, of: what is followed}
  let own = new Uint8Array(C * H * W).map((_, i) => data.background[Math.floor(i / (H * W))]);

  worker.addEventListener("message", ({ data: { ticket, answer: found, error } }) => {
    const { resolve, reject } = waiting.get(ticket);
    waiting.delete(ticket);
    if (error) reject(new Error(error));
    else resolve(found);
  });
  function ask(question, rest = {}) {
    return new Promise((resolve, reject) => {
      waiting.set(++tickets, { resolve, reject });
      worker.postMessage({ ticket: tickets, question, name: "this", ...rest });
    });
  }
  ask("load", { program, weights });

  // The pixels of an image in a sheet: Uint8Array (C, H, W), or null until the sheet is loaded.
  const reader = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function pixelsAt(name, index, ready) {
    const source = sheet(name, ready);
    if (!source) return null;
    reader.canvas.width = W;
    reader.canvas.height = H;
    reader.drawImage(source.image, (index % source.columns) * W, Math.floor(index / source.columns) * H, W, H, 0, 0, W, H);
    return planes(reader.getImageData(0, 0, W, H).data);
  }
  function planes(rgba) {
    const pixels = new Uint8Array(C * H * W);
    for (let c = 0; c < C; c++) for (let i = 0; i < H * W; i++) pixels[c * H * W + i] = rgba[4 * i + c];
    return pixels;
  }
  function followed() {
    if (state.image === "own") return own;
    if (data.exact) return pixelsAt("gallery", state.image === "point" ? state.point || 0 : data.images[state.image].place, refresh);
    return typeof state.image === "number" ? pixelsAt("followed", state.image, refresh) : null;
  }

  // Runs the network on the chosen image; if another is chosen meanwhile, it is next.
  async function refresh() {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        const pixels = followed(), of = state.image;
        if (!pixels) break;
        const found = await ask("run", { pixels });
        if (of === state.image) publish({ pixels, of, ...found });
      }
    } finally {
      busy = false;
    }
  }
  function publish(found) {
    current = found;
    sheets.clear();
    const order = [...found.probabilities.keys()].sort((a, b) => found.probabilities[b] - found.probabilities[a]);
    answer(order.slice(0, 10).map((k) => [k, found.probabilities[k]]));
    tell("live");
  }

  function setOwn(pixels) {
    own = pixels;
    if (state.image === "own") refresh();
    else atlas.set({ image: "own" });
  }

  // Colors of numbers in −1…1, or in 0…1.
  const colors = Object.fromEntries(
    Object.entries(data.palettes).map(([name, text]) => [name, Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16))]),
  );
  function paint(image, at, value, signed) {
    const k = Math.min(255, Math.max(0, Math.round(signed ? 127.5 + 127.5 * value : 255 * value)));
    const palette = colors[signed ? "signed" : "plain"];
    image.data.set([palette[3 * k], palette[3 * k + 1], palette[3 * k + 2], 255], 4 * at);
  }

  // A sheet of maps in colors: `planesOf` are [h, w] planes, all on one scale, or each on its own (`scale` null).
  function sheetOf(name, planesOf, [height, width], signed, scale) {
    const columns = Math.min(planesOf.length, 16), canvas = document.createElement("canvas");
    canvas.width = columns * width;
    canvas.height = Math.ceil(planesOf.length / columns) * height;
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    planesOf.forEach((plane, k) => {
      const most = scale ?? largest(plane);
      for (let i = 0; i < plane.length; i++) paint(image, i, plane[i] / most, signed);
      context.putImageData(image, (k % columns) * width, Math.floor(k / columns) * height);
    });
    drawn(name, canvas, width, height, columns);
    return name;
  }

  const largest = (values) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1;

  // The maps of a layer, as the journey shows them; drawn when first needed.
  const sheets = new Map();
  function maps(layer) {
    const path = layer.path;
    if (!current) return null;
    if (!sheets.has(path)) {
      const { data: all, shape } = current.values[program.values[path]], [h, w] = shape.length === 3 ? shape.slice(1) : [1, 1];
      const signed = all.some((v) => v < 0);
      const planesOf = layer.channels.map((k) => all.subarray(k * h * w, (k + 1) * h * w));
      sheets.set(path, { name: sheetOf(`live-${path}`, planesOf, [h, w], signed, state.scale === "map" && h * w > 1 ? null : largest(all)), signed });
    }
    return sheets.get(path);
  }

  // An image of pixels on a canvas, one to one.
  function show(canvas, pixels) {
    canvas.width = W;
    canvas.height = H;
    const context = canvas.getContext("2d"), image = context.createImageData(W, H);
    for (let i = 0; i < H * W; i++) {
      const [r, g, b] = [0, 1, 2].map((c) => pixels[(C === 3 ? c : 0) * H * W + i]);
      image.data.set([r, g, b, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }

  on(["scale"], () => sheets.clear());
  on(["image", "point"], () => {
    if (state.image === "own" || !current || current.of !== state.image || state.image === "point") refresh();
  });

  return {
    available: true, program, layers, ask, refresh, setOwn, planes, maps, sheetOf, largest, show, pixelsAt, refreshed: () => current,
    busy: () => busy, own: () => own, size: [C, H, W], network: () => (network ??= engine.load(program, engine.decode(weights, program.precision))),
  };
})();
