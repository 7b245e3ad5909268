// Where one number comes from: the numbers it was made of, and how.
//
// Each term is {value, channel, row, column, input, weight, product}; `row` and `column` are null in vectors.
import { parts } from "./pooling.js";

export function origin(network, values, id, channel, row = 0, column = 0) {
  const step = network.steps[id - 1], y = values[id];
  const at = y.shape.length === 3 ? (channel * y.shape[1] + row) * y.shape[2] + column : channel;
  const explain = KINDS[step.op] || same;
  return { step, result: y.data[at], ...explain(step, values, { id, channel, row, column, at }) };
}

function term(values, value, channel, row, column, weight = 1) {
  const x = values[value];
  if (x.shape.length < 3) return { value, channel, row: null, column: null, input: x.data[channel], weight, product: x.data[channel] * weight, padding: false };
  const padding = !inside(x, row, column), input = padding ? 0 : x.data[(channel * x.shape[1] + row) * x.shape[2] + column];
  return { value, channel, row, column, input, weight, product: input * weight, padding };
}
const inside = (x, row, column) => row >= 0 && column >= 0 && row < x.shape[1] && column < x.shape[2];

function terms(values, value, channel, [top, left, bottom, right], steps = [1, 1]) {
  const found = [];
  for (let row = top; row < bottom; row += steps[0]) for (let column = left; column < right; column += steps[1]) found.push(term(values, value, channel, row, column));
  return found;
}

function conv2d(step, values, { channel, row, column }) {
  const { weight, bias, stride, padding, dilation, groups } = step, [O, I, kh, kw] = weight.shape;
  const first = Math.floor(channel / (O / groups)) * I, found = [];
  for (let i = 0; i < I; i++)
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++) {
        const w = weight.data[((channel * I + i) * kh + ky) * kw + kx];
        found.push(term(values, step.from[0], first + i, row * stride[0] + ky * dilation[0] - padding[0], column * stride[1] + kx * dilation[1] - padding[1], w));
      }
  return { how: "sum", terms: found, bias: bias ? bias.data[channel] : 0, window: [kh, kw] };
}

function dense(step, values, { channel }) {
  const I = step.weight.shape[1];
  const found = Array.from({ length: I }, (_, i) => term(values, step.from[0], i, null, null, step.weight.data[channel * I + i]));
  return { how: "sum", terms: found, bias: step.bias ? step.bias.data[channel] : 0 };
}

function window(step, values, { channel, row, column }) {
  const { kernel_size: k, stride, padding, dilation = [1, 1] } = step, x = values[step.from[0]];
  const top = row * stride[0] - padding[0], left = column * stride[1] - padding[1];
  const found = terms(values, step.from[0], channel, [top, left, top + k[0] * dilation[0], left + k[1] * dilation[1]], dilation);
  return { terms: found, shown: found.filter((t) => inside(x, t.row, t.column)), window: k };
}

function maxPool2d(step, values, place) {
  const { terms: found, shown, window: k } = window(step, values, place);
  const winner = shown.reduce((best, t) => (t.input > best.input ? t : best));
  return { how: "max", terms: found, winner, window: k };
}

// Zeros beyond the edge count as far as the padding reaches, or not at all.
function avgPool2d(step, values, place) {
  const { shape: [, H, W] } = values[step.from[0]], [down, across] = step.padding;
  const found = window(step, values, place).terms.filter((t) => (step.count_include_pad ? t.row < H + down && t.column < W + across : !t.padding));
  const sides = ["row", "column"].map((key) => new Set(found.map((t) => t[key])).size);
  return { how: "mean", terms: found, window: sides };
}

function adaptiveAvgPool2d(step, values, { channel, row, column }) {
  const [, H, W] = values[step.from[0]].shape, [top, bottom] = parts(H, step.output_size[0])[row || 0], [left, right] = parts(W, step.output_size[1])[column || 0];
  return { how: "mean", terms: terms(values, step.from[0], channel, [top, left, bottom, right]), window: [bottom - top, right - left] };
}

function affine(step, values, { channel, row, column }) {
  return { how: "sum", terms: [term(values, step.from[0], channel, row, column, step.weight.data[channel])], bias: step.bias.data[channel] };
}

function softmax(step, values) {
  const x = values[step.from[0]], most = x.data.reduce((a, b) => Math.max(a, b)), found = Array.from(x.data, (_, i) => term(values, step.from[0], i, null, null));
  for (const t of found) t.product = Math.exp(t.input - most);
  return { how: "softmax", terms: found, total: found.reduce((sum, t) => sum + t.product, 0) };
}

function concat(step, values, { channel, row, column }) {
  let left = channel;
  for (const value of step.from) {
    if (left < values[value].shape[0]) return { how: "same", terms: [term(values, value, left, row, column)] };
    left -= values[value].shape[0];
  }
}

const add = (step, values, { channel, row, column }) => ({ how: "sum", terms: step.from.map((value) => term(values, value, channel, row, column)), bias: 0 });

function flatten(step, values, { channel }) {
  const x = values[step.from[0]];
  if (x.shape.length < 3) return { how: "same", terms: [term(values, step.from[0], channel, null, null)] };
  const [, H, W] = x.shape;
  return { how: "same", terms: [term(values, step.from[0], Math.floor(channel / (H * W)), Math.floor((channel % (H * W)) / W), channel % W)] };
}

function pad(step, values, { channel, row, column }) {
  const [left, , top, , front = 0] = step.padding;
  return { how: "same", terms: [term(values, step.from[0], channel - front, row - top, column - left)] };
}

const same = (step, values, { channel, row, column }) => ({ how: step.op === "relu" ? "relu" : step.op === "copy" ? "same" : "function", terms: [term(values, step.from[0], channel, row, column)] });
const KINDS = { conv2d, dense, maxPool2d, avgPool2d, adaptiveAvgPool2d, affine, softmax, concat, add, flatten, pad };
