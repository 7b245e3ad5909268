// Convolution, and its gradient with respect to the input: which is a convolution too.
import { correlate } from "./correlate.js";
import { tensor } from "./tensor.js";

export function conv2d([x], { weight, bias, stride, padding, dilation, groups }) {
  const [, H, W] = x.shape, [, , kh, kw] = weight.shape;
  const span = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)];
  const size = [H, W].map((side, axis) => Math.floor((side + 2 * padding[axis] - span[axis] - 1) / stride[axis]) + 1);
  const y = correlate(bordered(x, padding), weight, bias, { stride, dilation, groups, size });

  // dx[i, iy, ix] = Σ w[o, i, ky, kx] · dy[o, oy, ox] over the places with oy·stride + ky·dilation − padding = iy:
  // dy spread out by the stride, correlated with the filters rotated by 180°.
  function pullback(dy) {
    const spread = tensor([dy.shape[0], H + span[0], W + span[1]]);
    const corner = [span[0] - padding[0], span[1] - padding[1]];
    const [, OH, OW] = dy.shape, [O, ZH, ZW] = spread.shape;
    for (let o = 0; o < O; o++)
      for (let oy = 0; oy < OH; oy++) {
        const row = oy * stride[0] + corner[0];
        if (row < 0 || row >= ZH) continue;
        for (let ox = 0; ox < OW; ox++) {
          const column = ox * stride[1] + corner[1];
          if (column >= 0 && column < ZW) spread.data[(o * ZH + row) * ZW + column] = dy.data[(o * OH + oy) * OW + ox];
        }
      }
    return [correlate(spread, turned(weight, groups), null, { stride: [1, 1], dilation, groups, size: [H, W] })];
  }

  return [y, pullback];
}

// Filters (out, in/groups, kh, kw) as (in, out/groups, kh, kw), rotated by 180°.
function turned(weight, groups) {
  const [O, I, kh, kw] = weight.shape, per = O / groups, area = kh * kw;
  const w = tensor([I * groups, per, kh, kw]);
  for (let o = 0; o < O; o++)
    for (let i = 0; i < I; i++) {
      const group = Math.floor(o / per), from = (o * I + i) * area, to = ((group * I + i) * per + (o % per)) * area;
      for (let k = 0; k < area; k++) w.data[to + area - 1 - k] = weight.data[from + k];
    }
  return w;
}

// Maps with a border of zeros.
export function bordered(x, [down, across]) {
  if (!down && !across) return x;
  const [C, H, W] = x.shape, y = tensor([C, H + 2 * down, W + 2 * across]);
  for (let row = 0; row < C * H; row++) {
    const to = (Math.floor(row / H) * (H + 2 * down) + (row % H) + down) * (W + 2 * across) + across;
    y.data.set(x.data.subarray(row * W, (row + 1) * W), to);
  }
  return y;
}
