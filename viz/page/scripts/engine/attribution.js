// Why: the same explanations as viz computes, each one forward pass and one backward pass (or several).
import { toInput, toPixels, bounds } from "./transform.js";
import { forward, probabilities } from "./network.js";
import { argmax, like, map, sizeOf, tensor } from "./tensor.js";

// The gradients at all values, of one class's score.
export function gradients(network, x, target, rule = "plain") {
  const { values, backward } = forward(network, x, rule), scores = values[network.logits];
  const dy = like(scores);
  dy.data[target] = 1;
  return { values, gradients: backward(dy, network.logits) };
}

const input = (network, x, target, rule) => gradients(network, x, target, rule).gradients[0];

export function saliency(network, x, target) {
  const [C, H, W] = x.shape, dx = input(network, x, target), y = tensor([H, W]);
  for (let c = 0; c < C; c++) for (let i = 0; i < H * W; i++) y.data[i] = Math.max(y.data[i], Math.abs(dx.data[c * H * W + i]));
  return y;
}

export const guidedBackprop = (network, x, target) => input(network, x, target, "guided");
export const deconvnet = (network, x, target) => input(network, x, target, "deconv");
export const gradientTimesInput = (network, x, target) => map(input(network, x, target), (d, i) => d * x.data[i]);

// max(0, Σ α[k]·A[k]) of the last layer with maps of more than one place, α the mean gradients.
export function gradCam(network, x, target, resize = bilinear) {
  const { values, gradients: found } = gradients(network, x, target);
  const last = lastWithMaps(network, values), A = values[last], dA = found[last], [K, H, W] = A.shape, y = tensor([H, W]);
  if (!dA) return tensor(x.shape.slice(1));
  for (let k = 0; k < K; k++) {
    let alpha = 0;
    for (let i = 0; i < H * W; i++) alpha += dA.data[k * H * W + i] / (H * W);
    for (let i = 0; i < H * W; i++) y.data[i] += alpha * A.data[k * H * W + i];
  }
  return resize(map(y, (v) => Math.max(v, 0)), x.shape.slice(1));
}

export function guidedGradCam(network, x, target) {
  const where = gradCam(network, x, target, nearest), area = where.data.length;
  return map(guidedBackprop(network, x, target), (d, i) => d * where.data[i % area]);
}

export function integratedGradients(network, x, target, steps = 32) {
  const total = like(x);
  for (let k = 0; k < steps; k++) {
    const dx = input(network, map(x, (v) => (v * (k + 0.5)) / steps), target);
    for (let i = 0; i < total.data.length; i++) total.data[i] += dx.data[i] / steps;
  }
  return map(total, (d, i) => d * x.data[i]);
}

// The mean gradient of noisy copies. The noise is as strong as viz's, but drawn by another generator (mulberry32).
export function smoothGrad(network, x, target, { samples = 16, noise = 0.15, seed = 0 } = {}) {
  const [low, high] = x.data.reduce(([least, most], v) => [Math.min(least, v), Math.max(most, v)], [Infinity, -Infinity]);
  const total = like(x), normal = normals(seed);
  for (let k = 0; k < samples; k++) {
    const dx = input(network, map(x, (v) => v + noise * (high - low) * normal()), target);
    for (let i = 0; i < total.data.length; i++) total.data[i] += dx.data[i] / samples;
  }
  return total;
}

function normals(seed) {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()); // Box and Muller
}

// The score, with a square of the mean image in place of what is there.
export function hidden(network, x, target, top, left, side) {
  const [C, H, W] = x.shape, y = like(x, x.data.slice());
  for (let c = 0; c < C; c++)
    for (let row = Math.max(top, 0); row < Math.min(top + side, H); row++)
      y.data.fill(0, (c * H + row) * W + Math.max(left, 0), (c * H + row) * W + Math.min(left + side, W));
  const scores = forward(network, y).values[network.logits];
  return { score: scores.data[target], probabilities: probabilities(scores) };
}

// For each pixel, the mean drop of the score over the squares that cover it.
export function occlusion(network, x, target, side, stride) {
  const [, H, W] = x.shape, drops = tensor([H, W]), covered = new Float32Array(H * W);
  const whole = forward(network, x).values[network.logits].data[target];
  for (const top of starts(H, side, stride))
    for (const left of starts(W, side, stride)) {
      const drop = whole - hidden(network, x, target, top, left, side).score;
      for (let row = top; row < top + side; row++)
        for (let column = left; column < left + side; column++) {
          drops.data[row * W + column] += drop;
          covered[row * W + column]++;
        }
    }
  return map(drops, (v, i) => v / covered[i]);
}

function starts(length, side, stride) {
  const found = [];
  for (let at = 0; at < length - side; at += stride) found.push(at);
  return [...found, length - side];
}

function lastWithMaps(network, values) {
  let last = 0;
  network.steps.forEach((_, i) => {
    if (values[i + 1].shape.length === 3 && sizeOf(values[i + 1].shape.slice(1)) > 1) last = i + 1;
  });
  return last;
}

export function bilinear(x, [H, W]) {
  const [h, w] = x.shape, y = tensor([H, W]);
  const place = (o, from, to) => Math.min(Math.max(((o + 0.5) * from) / to - 0.5, 0), from - 1);
  for (let row = 0; row < H; row++)
    for (let column = 0; column < W; column++) {
      const v = place(row, h, H), u = place(column, w, W), top = Math.floor(v), left = Math.floor(u);
      const bottom = Math.min(top + 1, h - 1), right = Math.min(left + 1, w - 1), b = v - top, r = u - left;
      const at = (i, j) => x.data[i * w + j];
      y.data[row * W + column] =
        (1 - b) * ((1 - r) * at(top, left) + r * at(top, right)) + b * ((1 - r) * at(bottom, left) + r * at(bottom, right));
    }
  return y;
}

function nearest(x, [H, W]) {
  const [h, w] = x.shape, y = tensor([H, W]);
  return map(y, (_, i) => x.data[Math.floor((Math.floor(i / W) * h) / H) * w + Math.floor(((i % W) * w) / W)]);
}

// FGSM: every pixel one step of ε levels up the slope of the loss, in whole levels that a file can store.
//     x' = x + ε · sign(∂ loss / ∂x),    ∂ loss / ∂ logits = softmax(logits) − 1[label]
export function fgsm(network, x, label, levels) {
  const { values, backward } = forward(network, x), scores = values[network.logits];
  const chances = probabilities(scores), dy = map(scores, (_, k) => chances[k] - (k === label ? 1 : 0));
  const slope = backward(dy, network.logits)[0], area = x.shape[1] * x.shape[2];
  const smallest = Math.min(...network.transform.factor); // the channel that moves least sets the size, as in viz
  const moved = map(x, (v, i) => {
    const [low, high] = bounds(network, Math.floor(i / area));
    return Math.min(Math.max(v + levels * smallest * Math.sign(slope.data[i]), low), high);
  });
  const pixels = Uint8Array.from(toPixels(network, moved), Math.round);
  const after = forward(network, toInput(network, pixels)).values[network.logits];
  return { moved, pixels, probabilities: probabilities(after), answer: argmax(after.data) };
}
