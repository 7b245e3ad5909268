// For development alone: npm install --no-save eslint @eslint/js globals && npx eslint viz/page
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["node_modules/", "docs/"] },
  js.configs.recommended,
  { files: ["viz/page/scripts/**/*.js"], languageOptions: { sourceType: "module", globals: globals.browser } },
  {
    files: ["viz/page/templates/*.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, engine: "readonly" } },
  },
  // A script names itself for those that come after it.
  ...["atlas", "colors", "lens", "live", "scatter", "selection", "trace"].map((name) => ({
    files: ["viz/page/templates/*.js"],
    ignores: [`viz/page/templates/${{ atlas: "core" }[name] || name}.js`, "viz/page/templates/theme.js"],
    languageOptions: { globals: { [name]: "readonly" } },
  })),
  { files: ["eslint.config.mjs"], languageOptions: { sourceType: "module" } },
  {
    rules: {
      "no-unused-vars": ["error", { varsIgnorePattern: "^(atlas|colors|lens|live|scatter|selection|trace)$" }],
      "prefer-const": ["error", { destructuring: "all" }],
      "no-var": "error",
      eqeqeq: "error",
      "max-lines": ["error", 300],
    },
  },
];
