"use strict";
(() => {
  const { all, byId, data, on, percent, picture, sections, set, single, state } = atlas;
  const section = sections.why;
  if (!section) return;
  const select = byId("why-class"), canvases = all("#why [data-method]");

  select.addEventListener("change", () => set({ class: Number(select.value) }));

  on(["picture", "class"], () => {
    const { name, predicted, guesses } = picture(), explained = section.explained[state.picture];
    const chances = new Map(guesses);
    const target = explained.includes(state.class) ? state.class : predicted;
    const order = [...explained].sort((a, b) => (chances.get(b) || 0) - (chances.get(a) || 0));
    select.replaceChildren(
      ...order.map((k) => {
        const option = new Option(`${data.classes[k]} (${chances.has(k) ? percent(chances.get(k)) : "0%"})`, k);
        option.selected = k === target;
        return option;
      }),
    );
    single(byId("why-picture"), "whole", state.picture, 208, name);
    const left = state.class !== null && state.class !== target ? ` ${data.classes[state.class]} was not explained for this picture.` : "";
    byId("why-said").textContent = `${name}; the network’s answer: ${data.classes[predicted]}.${left}`;
    canvases.forEach((canvas, k) => {
      const method = section.methods[k];
      canvas.classList.add("signed");
      const at = explained.indexOf(target);
      single(canvas, method.sprite, state.picture * explained.length + at, 208, `${method.title} for ${data.classes[target]}`);
      const empty = method.empty[state.picture][at];
      canvas.parentElement.querySelector(".empty").hidden = !empty;
      canvas.parentElement.querySelector(".pale").hidden = empty || !method.pale[state.picture][at];
    });
  });
})();
