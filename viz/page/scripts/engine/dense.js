// The dense layer: every output is a weighted sum of all inputs.
import { tensor } from "./tensor.js";

export function dense([x], { weight, bias }) {
  const [O, I] = weight.shape, y = tensor([O]);
  for (let o = 0; o < O; o++) {
    let sum = bias ? bias.data[o] : 0;
    for (let i = 0; i < I; i++) sum += weight.data[o * I + i] * x.data[i];
    y.data[o] = sum;
  }
  function pullback(dy) {
    const dx = tensor(x.shape);
    for (let i = 0; i < I; i++) {
      let sum = 0;
      for (let o = 0; o < O; o++) sum += weight.data[o * I + i] * dy.data[o];
      dx.data[i] = sum;
    }
    return [dx];
  }
  return [y, pullback];
}
