// Bundles src/main.js into one minified ES module. `--check`: says whether the committed file is what would be built.
import { readFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 6 * 1024; // bytes of gzip that the core may have
const root = dirname(fileURLToPath(import.meta.url));
const target = `${root}/../liveactions/static/client.js`;

const result = await build({
  entryPoints: [`${root}/src/main.js`],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  mangleProps: /^_/, // members that only their own module uses
  write: false,
});
const code = result.outputFiles[0].contents;
const gzip = gzipSync(code, { level: 9 }).length;
console.log(`client.js: ${code.length} bytes, gzip ${gzip}, brotli ${brotliCompressSync(code).length}`);
if (gzip > LIMIT && !process.env.LAX) {
  console.error(`The client's core may have ${LIMIT} bytes of gzip.`);
  process.exit(1);
}
if (process.argv.includes("--check")) {
  const committed = await readFile(target).catch(() => Buffer.alloc(0));
  if (Buffer.compare(committed, code)) {
    console.error("liveactions/static/client.js is not what js/src builds: run `npm run build` in js/.");
    process.exit(1);
  }
} else {
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, code);
}
