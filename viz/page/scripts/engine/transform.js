// Pixels (0 to 255, channel by channel) to the numbers that the network takes, and back to what can be shown.
import { tensor } from "./tensor.js";

const source = (transform, c, channels) => (transform.reversed ? channels - 1 - c : c); // BGR: colors come as RGB

export function toInput(network, pixels) {
  const [C, H, W] = network.input, { factor, shift } = network.transform, area = H * W, x = tensor([C, H, W]);
  for (let c = 0; c < C; c++) {
    const from = source(network.transform, c, C) * area;
    const f = Math.fround(factor[c]), s = Math.fround(shift[c]);
    for (let i = 0; i < area; i++) x.data[c * area + i] = Math.fround(pixels[from + i] * f) + s;
  }
  return x;
}

export function toPixels(network, x) {
  const [C, H, W] = network.input, { factor, shift } = network.transform, area = H * W, pixels = new Float32Array(C * area);
  for (let c = 0; c < C; c++) {
    const to = source(network.transform, c, C) * area;
    for (let i = 0; i < area; i++) pixels[to + i] = Math.min(Math.max((x.data[c * area + i] - shift[c]) / factor[c], 0), 255);
  }
  return pixels;
}

// The least and the largest value that a pixel may have, in channel c.
export const bounds = ({ transform: { factor, shift } }, c) => [shift[c], 255 * factor[c] + shift[c]];
