// Compiles the console's style sheet; called by Trunk before each build. The result lies outside `frontend/` and is only
// written when it changed, so that a watching Trunk does not build for ever.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const target = resolve(root, "target/console/console.css");

const { css } = compile(resolve(here, "main.scss"), {
  loadPaths: [here, resolve(root, "node_modules"), resolve(root, "node_modules/@patternfly/patternfly")],
  style: "compressed",
  quietDeps: true,
});

let before = "";
try {
  before = readFileSync(target, "utf8");
} catch {
  mkdirSync(dirname(target), { recursive: true });
}
if (before !== css) writeFileSync(target, css);
