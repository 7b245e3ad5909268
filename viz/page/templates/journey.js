"use strict";
(() => {
  const { all, bars, byId, chosenImage, color, data, drawn, mosaic, on, sections, set, single, state } = atlas;
  const section = sections.journey;
  if (!section) return;
  const blocks = all("#journey-layers [data-layer]"), ownScale = byId("journey-scale");
  ownScale?.addEventListener("change", () => set({ scale: ownScale.checked ? "map" : "layer" }));
  let seen = null; // what the place under the pointer sees: [top, left, bottom, right]

  // The chosen layer, or the block that contains it.
  const index = () => Math.max(0, section.layers.findIndex(({ path }) => path === state.layer || (state.layer || "").startsWith(`${path}.`)));
  // Where the maps are drawn: computed in this page, or stored in it.
  const maps = (layer) => (live.available ? live.maps(layer) : { name: layer.sprite, signed: layer.signed });
  const cell = (layer, k) => (live.available ? k : state.image * layer.channels.length + k);
  const channelAt = (layer) => layer.channels.indexOf(state.channel);

  function drawChosen() {
    const after = (context, scale) => {
      if (!seen) return;
      const [top, left, bottom, right] = seen.map((edge) => edge * scale);
      context.strokeStyle = color("--accent");
      context.lineWidth = 2;
      context.strokeRect(left, top, right - left, bottom - top);
    };
    const label = `the image: ${chosenImage().name}`, canvas = byId("journey-image");
    if (!live.available) return single(canvas, "whole", state.image, 240, label, (context, scale) => after(context, scale * (data.sheets.whole.height / data.size[0])));
    const image = document.createElement("canvas");
    live.show(image, live.refreshed().pixels);
    drawn("live-image", image, image.width, image.height, 1);
    single(canvas, "live-image", 0, 240, label, after);
  }

  // The place in the enlarged map that "One number" explains: the chosen one, or the strongest.
  const spot = () => (state.spot === null ? null : state.spot.split("-").map(Number));

  function valueAt(layer, channel) {
    const place = state.layer === layer.path ? spot() : null;
    byId("journey-onward").hidden = !place;
    if (!place) return "Choose a place to see where its number comes from.";
    const { data: y, shape } = live.refreshed().values[live.program.values[layer.path]], [, H, W] = shape;
    return `Row ${place[0]}, column ${place[1]}: ${y[(channel * H + place[0]) * W + place[1]].toFixed(3).replace("-", "−")}.`;
  }

  function drawZoom() {
    const layer = section.layers[index()], at = Math.max(0, channelAt(layer)), { name, signed } = maps(layer);
    const canvas = byId("journey-zoom");
    canvas.classList.toggle("signed", signed);
    canvas.parentElement.hidden = Boolean(layer.vector);
    single(canvas, name, cell(layer, at), 240, `${layer.path}, channel ${layer.channels[at]}, enlarged. Arrow keys choose a place.`, (context, scale) => {
      if (!spot() || state.layer !== layer.path) return;
      context.strokeStyle = color("--accent", signed);
      context.lineWidth = 2;
      context.strokeRect(spot()[1] * scale, spot()[0] * scale, scale, scale);
    });
    byId("journey-channel").textContent = `${layer.path}, channel ${layer.channels[at]} (of 0 to ${layer.of - 1})${live.available ? `. ${valueAt(layer, layer.channels[at])}` : ""}`;
  }

  const zoomed = () => {
    const layer = section.layers[index()];
    return { layer, channel: layer.channels[Math.max(0, channelAt(layer))] };
  };
  function placeAt(event) {
    const { layer } = zoomed(), box = byId("journey-zoom").getBoundingClientRect();
    return [Math.floor(((event.clientY - box.top) / box.height) * layer.places[0]), Math.floor(((event.clientX - box.left) / box.width) * layer.places[1])];
  }
  const choose = ([row, column]) => {
    const { layer, channel } = zoomed(), [H, W] = layer.places, inside = (v, end) => Math.min(Math.max(v, 0), end - 1);
    const place = [inside(row, H), inside(column, W)];
    set({ layer: layer.path, channel, spot: place.join("-") });
    look(layer, place);
  };
  function look(layer, [row, column]) {
    if (!layer.field) return;
    const { size, stride, offset } = layer.field;
    const top = offset[0] + row * stride[0], left = offset[1] + column * stride[1];
    seen = [top, left, top + size[0], left + size[1]];
    drawChosen();
  }
  byId("journey-zoom").addEventListener("click", (event) => live.available && choose(placeAt(event)));
  byId("journey-zoom").addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    const from = spot() || [0, 0];
    choose([from[0] + move[0], from[1] + move[1]]);
  });
  byId("journey-zoom").addEventListener("pointermove", (event) => look(zoomed().layer, placeAt(event)));
  byId("journey-zoom").addEventListener("pointerleave", () => {
    seen = null;
    drawChosen();
  });

  // Blocks of a long journey are drawn when they are opened; that of the chosen layer is open.
  function drawBlock(place) {
    const layer = section.layers[place], block = blocks[place], count = layer.channels.length;
    block.classList.toggle("current", place === index());
    if (block.tagName === "DETAILS" && place === index() && state.layer) block.open = true;
    if (block.tagName === "DETAILS" && !block.open) return;
    const canvas = block.querySelector("canvas"), { name, signed } = maps(layer);
    canvas.classList.toggle("signed", signed);
    mosaic(canvas, {
      sheet: name, cells: Array.from({ length: count }, (_, k) => cell(layer, k)), size: layer.vector || layer.places[0] * layer.places[1] === 1 ? 14 : count > 32 ? 42 : 56, gap: layer.vector ? 0 : 2,
      label: `${layer.vector ? "Numbers" : "Maps"} of ${layer.path}`, chosen: place === index() ? Math.max(0, channelAt(layer)) : -1,
      tell: (k) => `channel ${layer.channels[k]}, of 0 to ${layer.of - 1}`,
      choose: (k) => set({ layer: layer.path, channel: layer.channels[k], spot: null }),
    });
  }
  blocks.forEach((block, place) => block.addEventListener("toggle", () => drawBlock(place)));

  function draw() {
    if (live.available && !live.refreshed()) return;
    if (ownScale) ownScale.checked = state.scale === "map";
    section.layers.forEach((_, place) => drawBlock(place));
    drawZoom();
  }
  on(["layer", "channel", "spot", "scale"], draw);
  on(live.available ? ["live"] : ["image"], () => {
    if (live.available && !live.refreshed()) return;
    draw();
    drawChosen();
    const { name, label, guesses } = chosenImage(), predicted = guesses[0][0];
    byId("journey-caption").textContent =
      label === null ? `${name}: ${data.classes[predicted]}` : label !== predicted ? `${name}, taken for ${data.classes[predicted]}` : `${name}, recognized`;
    bars(byId("journey-bars"), guesses, predicted);
  });
})();
