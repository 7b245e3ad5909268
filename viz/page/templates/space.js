// The feature space, next to its map: the neighbors of an image, from the gallery or the reader's own.
"use strict";
(() => {
  const { all, byId, choosePlace, data, describe, drawn, mosaic, on, sections, set, sheet, single, state } = atlas;
  const section = sections.space;
  if (!section) return;
  const { labels } = data.gallery, imagesBox = byId("space-images");

  for (const input of all("#space-map input")) input.addEventListener("change", () => set({ map: input.value }));
  imagesBox.addEventListener("change", scatter.draw);
  byId("space-class").addEventListener("change", (event) => set({ class: event.target.value === "" ? null : Number(event.target.value) }));

  on(["map", "class", "point"], () => {
    for (const input of all("#space-map input")) input.checked = input.value === state.map;
    byId("space-class").value = state.class === null ? "" : String(state.class);
    imagesBox.disabled = state.map === "grid";
    scatter.draw();
  });

  // The features and the neighbors of an image that is not in the gallery.
  let features = null, pixels = null;
  function locate() {
    scatter.place(null);
    const current = live.available && live.refreshed();
    if (state.image !== "own" || current?.of !== "own" || !section.features) return null;
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
    scatter.place({ pca: [(flat[0] - low[0]) / span + margin[0], (-flat[1] - low[1]) / span + margin[1]], tsne: amid("tsne"), grid: amid("grid") });
    return near;
  }

  on(["point", "image", ...(live.available ? ["live"] : [])], () => {
    const near = locate();
    if (near) return showOwn(near);
    const place = state.point ?? data.images[state.image]?.place ?? 0;
    scatter.draw();
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
    scatter.draw();
  }
})();
