// Pooling: the largest value, or the mean, of each window.
import { tensor } from "./tensor.js";

// The windows along one axis: [first, end) of each, cut off at the edges; with dilation only every d-th counts.
export function windows(length, kernel, stride, padding, dilation, ceil) {
  const room = length + 2 * padding - dilation * (kernel - 1) - 1;
  let count = Math.floor(room / stride) + 1;
  if (ceil && room % stride && count * stride < length + padding) count++;
  return Array.from({ length: count }, (_, o) => o * stride - padding);
}

function slide(x, options, visit) {
  const [C, H, W] = x.shape, { kernel_size: [kh, kw], stride, padding, ceil_mode: ceil } = options;
  const dilation = options.dilation || [1, 1];
  const tops = windows(H, kh, stride[0], padding[0], dilation[0], ceil);
  const lefts = windows(W, kw, stride[1], padding[1], dilation[1], ceil);
  let at = 0;
  for (let c = 0; c < C; c++) for (const top of tops) for (const left of lefts) visit(at++, c, top, left, dilation);
  return [C, tops.length, lefts.length];
}

export function maxPool2d([x], options) {
  const [C, H, W] = x.shape, [kh, kw] = options.kernel_size;
  const values = [], winners = [];
  const shape = slide(x, options, (at, c, top, left, [down, across]) => {
    let best = -Infinity, where = -1;
    for (let i = 0; i < kh; i++) {
      const iy = top + i * down;
      if (iy < 0 || iy >= H) continue;
      for (let j = 0; j < kw; j++) {
        const ix = left + j * across;
        if (ix < 0 || ix >= W) continue;
        const here = (c * H + iy) * W + ix;
        if (where < 0 || x.data[here] > best) [best, where] = [x.data[here], here];
      }
    }
    values[at] = best;
    winners[at] = where;
  });
  const y = tensor(shape, Float32Array.from(values));

  function pullback(dy) {
    const dx = tensor([C, H, W]);
    winners.forEach((where, at) => (dx.data[where] += dy.data[at]));
    return [dx];
  }
  return [y, pullback];
}

export function avgPool2d([x], options) {
  const [C, H, W] = x.shape, [kh, kw] = options.kernel_size, [down, across] = options.padding;
  // What a window covers of the image, and by how much its sum is divided.
  const cover = (top, left) => {
    const bottom = Math.min(top + kh, H), right = Math.min(left + kw, W);
    const area = options.count_include_pad
      ? (Math.min(top + kh, H + down) - top) * (Math.min(left + kw, W + across) - left)
      : (bottom - Math.max(top, 0)) * (right - Math.max(left, 0));
    return [Math.max(top, 0), Math.max(left, 0), bottom, right, area];
  };
  const values = [];
  const shape = slide(x, options, (at, c, top, left) => {
    const [t, l, bottom, right, area] = cover(top, left);
    let sum = 0;
    for (let iy = t; iy < bottom; iy++) for (let ix = l; ix < right; ix++) sum += x.data[(c * H + iy) * W + ix];
    values[at] = sum / area;
  });
  function pullback(dy) {
    const dx = tensor([C, H, W]);
    slide(x, options, (at, c, top, left) => {
      const [t, l, bottom, right, area] = cover(top, left);
      for (let iy = t; iy < bottom; iy++) for (let ix = l; ix < right; ix++) dx.data[(c * H + iy) * W + ix] += dy.data[at] / area;
    });
    return [dx];
  }
  return [tensor(shape, Float32Array.from(values)), pullback];
}

// The parts that adaptive pooling averages over along one axis: they may overlap.
export const parts = (length, count) =>
  Array.from({ length: count }, (_, o) => [Math.floor((o * length) / count), Math.ceil(((o + 1) * length) / count)]);

export function adaptiveAvgPool2d([x], { output_size: [OH, OW], flat }) {
  const [C, H, W] = x.shape, rows = parts(H, OH), columns = parts(W, OW);
  const y = tensor(flat ? [C] : [C, OH, OW]);
  const each = (visit) => {
    let at = 0;
    for (let c = 0; c < C; c++)
      for (const [top, bottom] of rows) for (const [left, right] of columns) visit(at++, c, top, bottom, left, right);
  };
  each((at, c, top, bottom, left, right) => {
    let sum = 0;
    for (let iy = top; iy < bottom; iy++) for (let ix = left; ix < right; ix++) sum += x.data[(c * H + iy) * W + ix];
    y.data[at] = sum / ((bottom - top) * (right - left));
  });
  function pullback(dy) {
    const dx = tensor([C, H, W]);
    each((at, c, top, bottom, left, right) => {
      const share = dy.data[at] / ((bottom - top) * (right - left));
      for (let iy = top; iy < bottom; iy++) for (let ix = left; ix < right; ix++) dx.data[(c * H + iy) * W + ix] += share;
    });
    return [dx];
  }
  return [y, pullback];
}
