// Numbers that the page stores as text: base64 of float32, or of float16 if there are many.

export function decode(text, type) {
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return type === "float16" ? widen(new Uint16Array(bytes.buffer)) : new Float32Array(bytes.buffer);
}

// IEEE 754 half precision: a sign, 5 bits of exponent, 10 of the fraction.
export function widen(halves) {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1, exponent = (half >> 10) & 31, fraction = half & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
  });
}
