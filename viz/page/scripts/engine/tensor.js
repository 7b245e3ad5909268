// Numbers with a shape: one image's maps [C, H, W], or a vector [n].

export function tensor(shape, data) {
  const size = sizeOf(shape);
  if (data && data.length !== size) throw new Error(`tensor: shape ${shape} holds ${size} numbers, got ${data.length}`);
  return { shape, data: data || new Float32Array(size) };
}

export const sizeOf = (shape) => shape.reduce((product, side) => product * side, 1);
export const like = (x, data) => tensor(x.shape, data);

export function map(x, f) {
  const y = like(x);
  for (let i = 0; i < y.data.length; i++) y.data[i] = f(x.data[i], i);
  return y;
}

export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
