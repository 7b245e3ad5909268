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
  { files: ["viz/page/templates/!(core|theme|live).js"], languageOptions: { globals: { atlas: "readonly", live: "readonly" } } },
  { files: ["viz/page/templates/live.js"], languageOptions: { globals: { atlas: "readonly" } } },
  { files: ["eslint.config.mjs"], languageOptions: { sourceType: "module" } },
  {
    rules: {
      "no-unused-vars": ["error", { varsIgnorePattern: "^(atlas|live)$" }],
      "prefer-const": ["error", { destructuring: "all" }],
      "no-var": "error",
      eqeqeq: "error",
      "max-lines": ["error", 300],
    },
  },
];
