// Everything that the page, its worker and its tests use of the engine.
import { bilinear, fgsm, gradients } from "./attribution.js";
import { METHODS } from "./methods.js";
import { forward, load, probabilities } from "./network.js";
import { origin } from "./origin.js";
import { python } from "./python.js";
import { serve } from "./serve.js";
import { argmax, tensor } from "./tensor.js";
import { toInput, toPixels } from "./transform.js";
import { decode, widen } from "./weights.js";

export { METHODS, argmax, bilinear, decode, fgsm, forward, gradients, load, origin, probabilities, python, serve, tensor, toInput, toPixels, widen };
