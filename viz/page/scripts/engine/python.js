// One number in Python: its origin as lines of code that compute y from x, or from a and b.

export function python({ step, terms, how }, { channel, row, column, vector }, nameOf) {
  const layer = `model["${step.path}"]`, place = vector ? `[0, ${channel}]` : `[0, ${channel}, ${row}, ${column}]`;
  const at = ({ channel: c, row: r, column: k }) => (r === null ? `[0, ${c}]` : `[0, ${c}, ${r}, ${k}]`);
  const names = [...new Set(step.from)].map((value) => (value === 0 ? "the image, as model.transform makes it" : `the output of ${nameOf(value)}`));
  const given = how === "sum" && step.op === "add" ? names.map((name, k) => `# ${"abcdefgh"[k]}: ${name}`).join("\n") : `# x: ${terms[0].value === 0 ? names[0] : `the output of ${nameOf(terms[0].value)}`}`;
  const lines = {
    conv2d: () => `${padded(step, terms)}window = x${window(step, terms, step.padding)}\ny = (window * ${layer}.weight[${channel}]).sum()${step.bias ? ` + ${layer}.bias[${channel}]` : ""}`,
    dense: () => `y = x[0] @ ${layer}.weight[${channel}]${step.bias ? ` + ${layer}.bias[${channel}]` : ""}`,
    maxPool2d: () => `y = x${window(step, terms.filter((t) => !t.padding))}.max()`,
    avgPool2d: () => `${padded(step, terms)}y = x${window(step, terms, step.padding)}.mean()`,
    adaptiveAvgPool2d: () => `y = x${window(step, terms)}.mean()`,
    relu: () => `y = max(x${place}, 0)`,
    softmax: () => `y = np.exp(x[0, ${channel}]) / np.exp(x[0]).sum()`,
    affine: () => `bn = ${layer}\ny = (x${place} - bn.running_mean[${channel}]) / np.sqrt(bn.running_var[${channel}] + bn.eps) * bn.weight[${channel}] + bn.bias[${channel}]`,
    add: () => `y = ${terms.map((t, k) => `${"abcdefgh"[k]}${at(t)}`).join(" + ")}`,
    pad: () => (terms[0].padding ? `y = ${step.value}` : `y = x${at(terms[0])}`),
  };
  const line = lines[step.op] || (() => (how === "same" ? `y = x${at(terms[0])}` : `y = ${layer}(x)${place}`));
  return `${given}\n${line()}`;
}

// If a window reaches beyond the edge, the maps are padded with zeros first.
const beyond = (terms) => terms.some((t) => t.padding);
const padded = ({ padding: [down, across] }, terms) => (beyond(terms) ? `x = np.pad(x, ((0, 0), (0, 0), (${down}, ${down}), (${across}, ${across})))\n` : "");

// The index of the terms in x.
function window({ dilation = [1, 1] }, terms, padding = [0, 0]) {
  const shift = beyond(terms) ? padding : [0, 0];
  const range = (key, by = 0, step = 1) => {
    const all = terms.map((t) => t[key] + by);
    return `${Math.min(...all)}:${Math.max(...all) + 1}${step > 1 ? `:${step}` : ""}`;
  };
  return `[0, ${range("channel")}, ${range("row", shift[0], dilation[0])}, ${range("column", shift[1], dilation[1])}]`;
}
