// Puts a Brotli and a gzip sibling beside each text and wasm file of a folder: `node frontend/style/compress.mjs dist`.
// Prints what all of it weighs over the wire; a scenario in `e2e/tests/it/browser` holds the first load to its budget.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const SMALLEST_BYTES = 256;
const dist = process.argv[2];
if (!dist) {
  console.error("usage: node frontend/style/compress.mjs FOLDER");
  process.exit(2);
}

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)],
  );

let total = 0;
for (const file of files(dist).filter((name) => /\.(html|js|css|wasm|svg|json)$/.test(name))) {
  const bytes = readFileSync(file);
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  total += brotli.length;
  console.log(`${relative(dist, file)}: ${bytes.length} -> ${brotli.length} bytes`);
  if (statSync(file).size < SMALLEST_BYTES) continue;
  writeFileSync(`${file}.br`, brotli);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
console.log(`console: ${(total / 1024).toFixed(1)} KiB`);
