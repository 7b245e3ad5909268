"use strict";
(() => {
  const { all, byId, mosaic, on, percent, sections, set, single, state } = atlas;
  const section = sections.layers;
  if (!section) return;
  const following = new Map((sections.journey ? sections.journey.layers : []).map((layer) => [layer.path, layer.source]));
  const inputs = all("#layers-choice input");

  for (const input of inputs) input.addEventListener("change", () => set({ layer: input.value, channel: 0 }));

  // The chosen layer, or the one whose channels it passes on.
  function current() {
    const find = (path) => section.layers.findIndex((layer) => layer.path === path);
    const own = find(state.layer);
    return Math.max(0, own >= 0 ? own : find(following.get(state.layer)));
  }

  // Dense layers have no filters to show; a note says which layer is shown instead.
  function elsewhere(shown) {
    const chosen = state.layer;
    return chosen && chosen !== shown && following.get(chosen) !== shown && !chosen.startsWith(`${shown}.`) ? ` ${chosen} has no filters of its own to look at.` : "";
  }

  // The strongest response of each channel to the chosen image; null if the page does not run the network.
  function responses(layer) {
    const current = live.available && live.refreshed(), id = current && live.program.values[layer.measured];
    if (!id) return null;
    const { data: y, shape } = current.values[id], area = shape[1] * shape[2];
    return layer.channels.map((channel) => y.subarray(channel * area, (channel + 1) * area).reduce((a, b) => Math.max(a, b), -Infinity));
  }
  const told = (share) => `${Math.round(100 * share)}%`;

  // Compared with what any image of the test set does to a channel; and the channels whose patches it comes closest to.
  function compare(layer, at) {
    const found = responses(layer);
    if (!found) return "";
    const share = layer.strongest[at] > 0 ? ` (${told(found[at] / layer.strongest[at])} of that)` : "";
    return ` The image that you follow: ${found[at].toFixed(3).replace("-", "−")}${share}.`;
  }
  function drawAlike(layer, at) {
    const found = responses(layer), box = byId("layers-alike-box");
    if (!found) return;
    const shares = found.map((most, k) => (layer.strongest[k] > 0 && layer.hits[k] ? most / layer.strongest[k] : 0));
    const order = [...shares.keys()].filter((k) => shares[k] > 0).sort((a, b) => shares[b] - shares[a]).slice(0, 6);
    box.hidden = !order.length;
    if (box.hidden) return;
    byId("layers-alike-about").textContent = `It comes closest to these patches, the most exciting ones of channels ${order.map((k) => `${layer.channels[k]} (${told(shares[k])})`).join(", ")}.`;
    mosaic(byId("layers-alike"), {
      sheet: layer.patches, cells: order.map((k) => k * layer.top), even: true, edge: true, size: 56, gap: 6, label: "Patches that the image comes closest to", chosen: order.indexOf(at),
      tell: (i) => `channel ${layer.channels[order[i]]}: ${told(shares[order[i]])} of its strongest response`,
      choose: (i) => set({ layer: layer.path, channel: layer.channels[order[i]] }),
    });
  }

  function figure(id, sheet, index, side, text, label) {
    const canvas = byId(id);
    canvas.hidden = sheet === null;
    canvas.parentElement.hidden = sheet === null && text === "";
    byId(`${id}-about`).textContent = text;
    if (sheet !== null) single(canvas, sheet, index, side, label);
  }

  on(["layer", "channel", ...(live.available ? ["live"] : [])], () => {
    const layer = section.layers[current()];
    inputs.forEach((input, place) => (input.checked = place === current()));
    const at = Math.max(0, layer.channels.indexOf(state.channel)), channel = layer.channels[at];
    const { weights, imagined } = layer, dead = new Set(layer.dead);
    const some = layer.channels.length < layer.of ? ` The ${layer.channels.length} strongest are shown.` : "";
    const none = layer.dead.length === 0 ? "none is dead" : layer.dead.length === 1 ? "1 is dead" : `${layer.dead.length} are dead`;
    byId("layers-about").textContent = `${layer.kind}, ${layer.shape}: ${layer.of} channels, of which ${none} (measured at ${layer.measured}).${some}${elsewhere(layer.path)}`;

    const overview = byId("layers-overview");
    const byPatch = { sheet: layer.patches, cells: layer.channels.map((_, k) => k * layer.top), text: "The patch that excites each channel most." };
    const byWeight = weights && { sheet: weights.sprite, cells: layer.channels.map((_, k) => k), text: { signed: "Filters: red is positive, blue negative.", colors: "Filters over red, green and blue; gray is zero.", factors: "Filters, their input channels summarized by three colors, each on a scale of its own; gray is zero." }[weights.kind] };
    const shown = byWeight || byPatch;
    overview.classList.toggle("signed", Boolean(weights && weights.kind === "signed"));
    byId("layers-overview-about").textContent = `${shown.text}${weights ? "" : ` ${layer.weights_missing}`}${layer.channels.some((channel) => dead.has(channel)) ? " Faint: dead." : ""}`;
    mosaic(overview, {
      ...shown, size: layer.channels.length > 32 ? 42 : 60, label: `Channels of ${layer.path}`, chosen: at,
      faint: (k) => dead.has(layer.channels[k]), tell: (k) => `channel ${layer.channels[k]}, of 0 to ${layer.of - 1}`,
      choose: (k) => set({ layer: layer.path, channel: layer.channels[k] }),
    });

    drawAlike(layer, at);
    byId("layers-channel").textContent = `Channel ${channel}${dead.has(channel) ? " (dead)" : ""}`;
    byId("layers-numbers").textContent = dead.has(channel)
      ? "No image brings it above zero."
      : `Above zero in ${percent(layer.active_images[at])} of the images and ${percent(layer.active[at])} of all places; at most ${layer.strongest[at]}.${compare(layer, at)}`;
    byId("layers-weights").classList.toggle("signed", Boolean(weights && weights.kind === "signed"));
    figure("layers-weights", weights ? weights.sprite : null, at, 152, weights ? "its filter" : "", `filter of channel ${channel}`);
    const nth = imagined.channels.indexOf(channel);
    figure("layers-imagined", nth < 0 ? null : imagined.sprite, nth, 152, nth < 0 ? `No image was optimized for this channel; it was for ${imagined.channels.join(", ")}.` : "the image that an optimizer finds for it", `feature visualization of channel ${channel}`);
    const patches = byId("layers-patches"), hits = layer.hits[at];
    patches.hidden = hits === 0;
    byId("layers-patches-about").textContent = hits === 0 ? "no image excites it"
      : "what excites it most, strongest first, each patch as large as what one place of the layer sees";
    if (hits > 0) mosaic(patches, {
      sheet: layer.patches, cells: Array.from({ length: hits }, (_, k) => at * layer.top + k), edge: true, even: true, size: Math.min(50, Math.floor(patches.parentElement.clientWidth / layer.top) - 5), gap: 5, columns: layer.top,
      label: `The ${hits} patches that excite channel ${channel} most`,
    });
  });
})();
