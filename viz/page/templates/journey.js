"use strict";
(() => {
  const { all, bars, byId, color, data, mosaic, on, picture, sections, set, single, state } = atlas;
  const section = sections.journey;
  if (!section) return;
  const blocks = all("#journey-layers [data-layer]");
  let seen = null; // what the place under the pointer sees: [top, left, bottom, right]

  const index = () => Math.max(0, section.layers.findIndex((layer) => layer.path === state.layer));
  const channelAt = (layer) => layer.channels.indexOf(state.channel);

  function drawPicture() {
    single(byId("journey-picture"), "whole", state.picture, 240, `the picture: ${picture().name}`, (context, scale) => {
      if (!seen) return;
      const ratio = scale * (data.sheets.whole.height / data.size[0]);
      const [top, left, bottom, right] = seen.map((edge) => edge * ratio);
      context.strokeStyle = color("--accent");
      context.lineWidth = 2;
      context.strokeRect(left, top, right - left, bottom - top);
    });
  }

  function drawZoom() {
    const layer = section.layers[index()], at = Math.max(0, channelAt(layer));
    const canvas = byId("journey-zoom");
    canvas.classList.toggle("signed", layer.signed);
    single(canvas, layer.sprite, state.picture * layer.channels.length + at, 240, `${layer.path}, channel ${layer.channels[at]}, enlarged`);
    byId("journey-channel").textContent = `${layer.path}, channel ${layer.channels[at]} of ${layer.of}`;
  }

  byId("journey-zoom").addEventListener("pointermove", (event) => {
    const layer = section.layers[index()], box = event.currentTarget.getBoundingClientRect();
    if (!layer.field) return;
    const row = Math.floor(((event.clientY - box.top) / box.height) * layer.places[0]);
    const column = Math.floor(((event.clientX - box.left) / box.width) * layer.places[1]);
    const { size, stride, offset } = layer.field;
    const top = offset[0] + row * stride[0], left = offset[1] + column * stride[1];
    seen = [top, left, top + size[0], left + size[1]];
    drawPicture();
  });
  byId("journey-zoom").addEventListener("pointerleave", () => {
    seen = null;
    drawPicture();
  });

  on(["picture", "layer", "channel"], () => {
    section.layers.forEach((layer, place) => {
      const count = layer.channels.length, chosen = place === index() ? Math.max(0, channelAt(layer)) : -1;
      const canvas = blocks[place].querySelector("canvas");
      blocks[place].classList.toggle("current", place === index());
      canvas.classList.toggle("signed", layer.signed);
      mosaic(canvas, {
        sheet: layer.sprite, cells: Array.from({ length: count }, (_, k) => state.picture * count + k), size: count > 32 ? 44 : 60, gap: 2,
        label: `Maps of ${layer.path}`, chosen, tell: (k) => `channel ${layer.channels[k]} of ${layer.of}`,
        choose: (k) => set({ layer: layer.path, channel: layer.channels[k] }),
      });
    });
    drawZoom();
  });

  on(["picture"], () => {
    drawPicture();
    const { name, label, predicted, guesses } = picture();
    const wrong = label !== null && label !== predicted;
    byId("journey-caption").textContent = label === null ? name : wrong ? `${name}, taken for ${data.classes[predicted]}` : `${name}, recognised`;
    bars(byId("journey-bars"), guesses, predicted);
  });
})();
