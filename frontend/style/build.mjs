// Compiles the console's style sheet; called by Trunk before each build. The result lies outside `frontend/` and is only
// written when it changed, so that a watching Trunk does not build for ever.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PurgeCSS } from "purgecss";
import { compile } from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const target = resolve(root, "target/console/console.css");

const { css: whole } = compile(resolve(here, "main.scss"), {
  loadPaths: [here, resolve(root, "node_modules"), resolve(root, "node_modules/@patternfly/patternfly")],
  style: "compressed",
  quietDeps: true,
});

// Only rules and variables that some source names stay. A description in Markdown may hold further elements, and the
// theme script names classes too.
const sources = ["frontend/src", "frontend/assets", "frontend/index.html"].flatMap((name) => files(resolve(root, name)));
const [{ css }] = await new PurgeCSS().purge({
  content: sources.map((file) => ({ raw: readFileSync(file, "utf8"), extension: "rs" })),
  css: [{ raw: whole }],
  defaultExtractor: (text) => text.match(/[A-Za-z0-9_-]+/g) ?? [],
  safelist: ["html", "body", "h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "hr", "a"],
  keyframes: true,
  variables: true,
});

function files(path) {
  if (/\.\w+$/.test(path)) return /\.(rs|js|html)$/.test(path) ? [path] : [];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}

let before = "";
try {
  before = readFileSync(target, "utf8");
} catch {
  mkdirSync(dirname(target), { recursive: true });
}
if (before !== css) writeFileSync(target, css);
