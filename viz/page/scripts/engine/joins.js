// Ops that join several values, or change a value's shape.
import { like, map, sizeOf, tensor } from "./tensor.js";

export function concat(xs) {
  const [, ...rest] = xs[0].shape, y = tensor([xs.reduce((sum, x) => sum + x.shape[0], 0), ...rest]);
  let at = 0;
  for (const x of xs) {
    y.data.set(x.data, at);
    at += x.data.length;
  }
  function pullback(dy) {
    let from = 0;
    return xs.map((x) => like(x, dy.data.slice(from, (from += x.data.length))));
  }
  return [y, pullback];
}

export function add(xs) {
  return [map(xs[0], (_, i) => xs.reduce((sum, x) => sum + x.data[i], 0)), (dy) => xs.map(() => dy)];
}

export const flatten = ([x]) => [tensor([sizeOf(x.shape)], x.data), (dy) => [like(x, dy.data)]];

export function pad([x], { padding: [left, right, top, bottom, front = 0, back = 0], value }) {
  const [C, H, W] = x.shape, y = tensor([C + front + back, H + top + bottom, W + left + right]);
  const [, PH, PW] = y.shape, at = (c, row) => ((c + front) * PH + row + top) * PW + left;
  y.data.fill(value);
  for (let c = 0; c < C; c++)
    for (let row = 0; row < H; row++) y.data.set(x.data.subarray((c * H + row) * W, (c * H + row + 1) * W), at(c, row));
  function pullback(dy) {
    const dx = like(x);
    for (let c = 0; c < C; c++)
      for (let row = 0; row < H; row++) dx.data.set(dy.data.subarray(at(c, row), at(c, row) + W), (c * H + row) * W);
    return [dx];
  }
  return [y, pullback];
}
