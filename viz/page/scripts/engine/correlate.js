// The one hot loop of the page: slide filters over maps, with products and sums.
//
//     y[o, oy, ox] = bias[o] + Σ_{i, ky, kx} w[o, i, ky, kx] · x[i, oy·stride + ky·dilation, ox·stride + kx·dilation]
//
// Four filters and two places are summed at once: six reads serve eight products. Sums are in float64, as all of
// JavaScript's arithmetic is.

export function correlate(x, w, bias, { stride, dilation, groups, size }) {
  const [C, H, W] = x.shape, [O, I, kh, kw] = w.shape, [OH, OW] = size;
  const y = { shape: [O, OH, OW], data: new Float32Array(O * OH * OW) };
  const out = y.data, xs = x.data, ws = w.data;
  const taps = offsets(I, kh, kw, H, W, dilation), K = taps.length;
  const perGroup = O / groups;
  if (I * groups !== C) throw new Error(`correlate: x has ${C} channels, but the filters take ${I * groups}`);
  for (let group = 0; group < groups; group++) {
    const first = group * I * H * W, end = (group + 1) * perGroup;
    for (let o = group * perGroup; o < end; o += 4) {
      // Where fewer than four filters are left, the last one is summed again, and stored once.
      const a = o * K, b = Math.min(o + 1, end - 1) * K, c = Math.min(o + 2, end - 1) * K, d = Math.min(o + 3, end - 1) * K;
      const many = Math.min(4, end - o);
      for (let oy = 0; oy < OH; oy++) {
        const row = first + oy * stride[0] * W, to = o * OH * OW + oy * OW;
        for (let ox = 0; ox < OW; ox += 2) {
          const left = row + ox * stride[1], right = row + Math.min(ox + 1, OW - 1) * stride[1];
          let a0 = 0, b0 = 0, c0 = 0, d0 = 0, a1 = 0, b1 = 0, c1 = 0, d1 = 0;
          for (let k = 0; k < K; k++) {
            const tap = taps[k], x0 = xs[left + tap], x1 = xs[right + tap];
            const wa = ws[a + k], wb = ws[b + k], wc = ws[c + k], wd = ws[d + k];
            a0 += wa * x0; a1 += wa * x1;
            b0 += wb * x0; b1 += wb * x1;
            c0 += wc * x0; c1 += wc * x1;
            d0 += wd * x0; d1 += wd * x1;
          }
          const plane = OH * OW, two = ox + 1 < OW;
          store(out, to + ox, bias, o, a0, a1, two);
          if (many > 1) store(out, to + plane + ox, bias, o + 1, b0, b1, two);
          if (many > 2) store(out, to + 2 * plane + ox, bias, o + 2, c0, c1, two);
          if (many > 3) store(out, to + 3 * plane + ox, bias, o + 3, d0, d1, two);
        }
      }
    }
  }
  return y;
}

function store(out, at, bias, o, first, second, two) {
  const shift = bias ? bias.data[o] : 0;
  out[at] = first + shift;
  if (two) out[at + 1] = second + shift;
}

// Where a window's inputs lie, from its corner on.
function offsets(I, kh, kw, H, W, dilation) {
  const taps = new Int32Array(I * kh * kw);
  let k = 0;
  for (let i = 0; i < I; i++)
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++) taps[k++] = (i * H + ky * dilation[0]) * W + kx * dilation[1];
  return taps;
}
