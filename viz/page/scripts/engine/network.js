// A network as a list of steps, run forward and backward. Value 0 is the input; step i makes value i + 1.
import { conv2d } from "./conv2d.js";
import { dense } from "./dense.js";
import { add, concat, flatten, pad } from "./joins.js";
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "./pooling.js";
import { affine, clip, copy, leakyRelu, relu, sigmoid, softmax } from "./pointwise.js";
import { like, tensor } from "./tensor.js";

// op(inputs, options, rule) gives [output, pullback]: the contract of the Python engine, for one image.
const OPS = { conv2d, dense, add, concat, flatten, pad, adaptiveAvgPool2d, avgPool2d, maxPool2d, affine, clip, copy, leakyRelu, relu, sigmoid, softmax };

// The program as stored in the page, its arrays cut from one vector of weights.
export function load(program, weights) {
  const array = (entry) => entry && tensor(entry.shape, weights.subarray(entry.at, entry.at + entry.shape.reduce((a, b) => a * b, 1)));
  const steps = program.steps.map((step) => ({ ...step, weight: array(step.weight), bias: array(step.bias) }));
  return { ...program, steps };
}

// values: of every step; backward(dy, at): the gradients at all values, when dy arrives at value `at`.
export function forward(network, x, rule = "plain") {
  const values = [x], pullbacks = [];
  for (const step of network.steps) {
    const [y, pullback] = OPS[step.op](step.from.map((id) => values[id]), step, rule);
    values.push(y);
    pullbacks.push(pullback);
  }
  function backward(dy, at) {
    const gradients = Array(values.length).fill(null);
    gradients[at] = dy;
    for (let id = at; id > 0; id--) {
      if (!gradients[id]) continue;
      const parts = pullbacks[id - 1](gradients[id]);
      network.steps[id - 1].from.forEach((source, k) => {
        gradients[source] = gradients[source] ? sum(gradients[source], parts[k]) : parts[k];
      });
    }
    return gradients;
  }
  return { values, backward };
}

const sum = (a, b) => like(a, a.data.map((v, i) => v + b.data[i]));

export const probabilities = (logits) => softmax([logits])[0].data;
