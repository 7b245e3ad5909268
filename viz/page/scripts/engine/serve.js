// In the worker: keep the network, answer one question at a time.
import { fgsm, hidden } from "./attribution.js";
import { METHODS } from "./methods.js";
import { forward, load, probabilities } from "./network.js";
import { toInput } from "./transform.js";
import { decode } from "./weights.js";

// Arrays that are transferred to the page without a copy: some values share one, and the worker keeps none.
const owned = (answer) => [...new Set((answer?.values || []).map(({ data }) => data.buffer))];

export function serve(scope) {
  const networks = new Map();
  const ANSWERS = {
    load: ({ name, program, weights }) => void networks.set(name, load(program, decode(weights, program.precision))),
    run: ({ name, pixels }) => {
      const network = networks.get(name), start = performance.now();
      const { values } = forward(network, toInput(network, pixels));
      return { values, probabilities: probabilities(values[network.logits]), milliseconds: performance.now() - start };
    },
    explain: ({ name, pixels, method, target, options }) => {
      const network = networks.get(name);
      return METHODS[method](network, toInput(network, pixels), target, options);
    },
    attack: ({ name, pixels, label, levels }) => {
      const network = networks.get(name);
      return fgsm(network, toInput(network, pixels), label, levels);
    },
    hide: ({ name, pixels, target, top, left, side }) => {
      const network = networks.get(name);
      return hidden(network, toInput(network, pixels), target, top, left, side);
    },
  };
  scope.addEventListener("message", ({ data: { ticket, question, ...rest } }) => {
    try {
      const answer = ANSWERS[question](rest);
      scope.postMessage({ ticket, answer }, owned(answer));
    } catch (error) {
      scope.postMessage({ ticket, error: String(error) });
    }
  });
}
