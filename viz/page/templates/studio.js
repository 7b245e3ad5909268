// The cover: what the layers make of the image, side by side, and the answer.
"use strict";
(() => {
  const { bars, byId, chance, chosenImage, data, mosaic, on, set, state } = atlas;
  if (!live.available) return;
  const overview = byId("overview"), MOST = 9, SHOWN = 8;
  const withMaps = live.layers.filter((layer) => !layer.vector);
  const step = Math.max(1, Math.ceil(withMaps.length / MOST));
  const columns = withMaps.filter((_, i) => i % step === 0 || i === withMaps.length - 1);

  for (const layer of columns) {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption"), canvas = document.createElement("canvas");
    caption.textContent = layer.path.replace(/([^.])[^.]*\./g, "$1."); // features.10: f.10
    caption.title = layer.path;
    figure.append(caption, canvas);
    overview.append(figure);
  }
  const canvases = [...overview.querySelectorAll("canvas")];

  on(["live", "layer", "channel", "scale"], () => {
    const current = live.refreshed();
    if (!current) return;
    columns.forEach((layer, k) => {
      const { name, signed } = live.maps(layer), shown = layer.channels.slice(0, SHOWN);
      canvases[k].classList.toggle("signed", signed);
      mosaic(canvases[k], {
        sheet: name, cells: shown.map((_, i) => i), size: 56, gap: 4, columns: 1, width: 64, label: `First maps of ${layer.path}`,
        chosen: layer.path === state.layer ? shown.indexOf(state.channel) : -1, tell: (i) => `channel ${shown[i]}`,
        choose: (i) => set({ layer: layer.path, channel: shown[i], spot: null }),
      });
    });
    const { guesses, label, name } = chosenImage();
    bars(byId("studio-bars"), guesses, guesses[0][0]);
    const found = data.classes[guesses[0][0]], sure = chance(guesses[0][1]);
    byId("chosen-said").textContent =
      label === null ? `${name}: ${found} (${sure})` : label === guesses[0][0] ? `${name}, recognized (${sure})` : `${name}, taken for ${found} (${sure})`;
  });
})();
