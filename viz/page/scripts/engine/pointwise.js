// Functions of the values alone, and batch normalization, which after training is one factor and one shift per channel.
import { like, map } from "./tensor.js";

// The rule applies only to the backward pass: the gradient, guided backpropagation, the deconvnet, or none.
export function relu([x], _, rule = "plain") {
  const y = map(x, (v) => (v > 0 ? v : 0));
  const back = {
    plain: (d, i) => (y.data[i] > 0 ? d : 0),
    deconv: (d) => (d > 0 ? d : 0),
    guided: (d, i) => (y.data[i] > 0 && d > 0 ? d : 0),
    linear: (d) => d,
  }[rule];
  return [y, (dy) => [map(dy, back)]];
}

export function leakyRelu([x], { negative_slope: slope }) {
  return [map(x, (v) => (v > 0 ? v : slope * v)), (dy) => [map(dy, (d, i) => (x.data[i] > 0 ? d : slope * d))]];
}

export function clip([x], { low, high }) {
  const least = low ?? -Infinity, most = high ?? Infinity;
  const inside = (v) => v > least && v < most;
  return [map(x, (v) => Math.min(Math.max(v, least), most)), (dy) => [map(dy, (d, i) => (inside(x.data[i]) ? d : 0))]];
}

export function sigmoid([x]) {
  const y = map(x, (v) => 1 / (1 + Math.exp(-v)));
  return [y, (dy) => [map(dy, (d, i) => d * y.data[i] * (1 - y.data[i]))]];
}

export function softmax([x]) {
  const most = x.data.reduce((a, b) => Math.max(a, b), -Infinity);
  const y = map(x, (v) => Math.exp(v - most)), total = y.data.reduce((a, b) => a + b, 0);
  for (let i = 0; i < y.data.length; i++) y.data[i] /= total;
  function pullback(dy) {
    const inner = dy.data.reduce((sum, d, i) => sum + d * y.data[i], 0);
    return [map(dy, (d, i) => y.data[i] * (d - inner))];
  }
  return [y, pullback];
}

export function affine([x], { weight, bias }) {
  const area = x.data.length / x.shape[0], channel = (i) => Math.floor(i / area);
  const y = map(x, (v, i) => v * weight.data[channel(i)] + bias.data[channel(i)]);
  return [y, (dy) => [map(dy, (d, i) => d * weight.data[channel(i)])]];
}

export const copy = ([x]) => [x, (dy) => [like(x, dy.data)]];
