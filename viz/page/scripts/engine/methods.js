// The explanations, under the names that the page uses.
import { deconvnet, gradCam, gradientTimesInput, guidedBackprop, guidedGradCam, integratedGradients, occlusion, saliency, smoothGrad } from "./attribution.js";

export const METHODS = {
  occlusion: (network, x, target, { side, stride }) => occlusion(network, x, target, side, stride),
  saliency,
  gradinput: gradientTimesInput,
  integrated: (network, x, target, { steps } = {}) => integratedGradients(network, x, target, steps),
  smooth: (network, x, target) => smoothGrad(network, x, target),
  gradcam: (network, x, target) => gradCam(network, x, target),
  guided: guidedBackprop,
  guidedcam: guidedGradCam,
  deconvnet,
};
