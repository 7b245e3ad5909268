// The lasso: drawing a line around points of the map chooses them.
"use strict";
(() => {
  const { byId, sections } = atlas;
  if (!sections.space) return;
  const { at, canvas, position, trace } = scatter, button = byId("space-lasso");
  let line = null;

  function arm(wished) {
    button.setAttribute("aria-pressed", String(wished));
    canvas.style.touchAction = wished ? "none" : "";
  }
  button.addEventListener("click", () => arm(button.getAttribute("aria-pressed") !== "true"));

  canvas.addEventListener("pointerdown", (event) => {
    if (button.getAttribute("aria-pressed") !== "true") return;
    canvas.setPointerCapture(event.pointerId);
    trace((line = [at(event)]));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!line) return;
    line.push(at(event));
    trace(line);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => {
    if (!line) return;
    const drawn = line;
    arm(false);
    trace((line = null));
    selection.circle(drawn.length > 3 ? selection.places.filter((place) => inside(position(place), drawn)) : null);
  });

  // Whether a ray to the right crosses the closed line an odd number of times.
  function inside([x, y], points) {
    let odd = false;
    points.forEach(([ax, ay], k) => {
      const [bx, by] = points[(k + 1) % points.length];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
    });
    return odd;
  }
})();
