// Bundles the client into minified ES modules: the core, which every page loads, what few pages need, what the modules of
// functions import, what scripts of pages import, and what is loaded in debug mode.
// `--check`: says whether the committed files are what would be built.
import { createHash } from "node:crypto";
import { readFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const LIMIT = 6 * 1024; // bytes of gzip that the core may have
// Members of the client's own records: neither the platform's names nor those of messages are among them.
const OWN = [
  "element", "slots", "parts", "first", "source", "closing", "container", "descriptor", "last", "settled", "seen", "edits", "out", "answered", "pressed", "setValue", "revision", "digest", "holding", "applyChange", "opening", "build", "modifiers", "resets", "running", "withheld", "post", "fillWith", "_parent", "focused", "ended",
  "applyAutofocus", "applyExtras", "busy", "explain", "flushDelays", "followRedirect", "isRendered", "moveSiblings", "needsTransition", "onEvent", "onWindowEvent", "processAll", "refocus", "refuses", "registerCall", "reloadPage", "replacePage", "sendByFetch", "stopFetching", "setRaw", "showPendingState", "uploadFiles", "uploads", "covers",
];
const DIGEST = 10; // hex digits of the SHA-256 that a file's address has
const root = dirname(fileURLToPath(import.meta.url));
const target = `${root}/../liveactions/static`;

/** The same in all files, and nobody else's: neither messages nor what the client uses of the platform has such names. */
const LETTERS = "rtoiaugmpkbwjqzABCDEFGHIJKLMNOPQRSTUVWXYZ$_";
const names = Object.fromEntries(OWN.map((name, i) => [name, LETTERS[i] ?? `A${i - LETTERS.length}`]));

/** @param {string} entry @param {Record<string, string>} [define] @param {import("terser").CompressOptions} [options] */
async function bundle(entry, define = {}, options = {}) {
  const result = await build({
    entryPoints: [`${root}/src/${entry}`],
    bundle: true,
    minifySyntax: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    mangleProps: new RegExp(`^(${OWN.join("|")})$`),
    mangleCache: names,
    define,
    write: false,
  });
  // Twentieths smaller than what the bundler's own minifier makes.
  const { code } = await minify(result.outputFiles[0].text, { ecma: 2020, module: true, compress: { passes: 3, hoist_funs: true, pure_getters: true, unsafe: true, unsafe_arrows: true, unsafe_comps: true, ...options } });
  return Buffer.from(`${code}\n`);
}

const lazy = await bundle("lazy/index.js");
const digest = createHash("sha256").update(lazy).digest("hex").slice(0, DIGEST);
const call = await bundle("call.js");
const hooks = await bundle("hooks.js");
const tab = await bundle("tab.js");
const debug = await bundle("debug/main.js");
const client = await bundle("main.js", { LAZY: JSON.stringify(`./lazy.${digest}.js`) }, { booleans_as_integers: true }); // no boolean of its own leaves the core

let failed = false;
/** @param {string} text */
const fail = (text) => {
  console.error(text);
  failed = true;
};

for (const [name, code] of Object.entries({ "client.js": client, "lazy.js": lazy, "call.js": call, "hooks.js": hooks, "tab.js": tab, "debug.js": debug })) {
  const gzip = gzipSync(code, { level: 9 }).length;
  console.log(`${name}: ${code.length} bytes, gzip ${gzip}, brotli ${brotliCompressSync(code).length}`);
  if (code === client && gzip > LIMIT && !process.env.LAX) fail(`The client's core may have ${LIMIT} bytes of gzip.`);
  if (process.argv.includes("--check")) {
    const committed = await readFile(`${target}/${name}`).catch(() => Buffer.alloc(0));
    if (Buffer.compare(committed, code)) fail(`liveactions/static/${name} is not what js/src builds: run \`npm run build\` in js/.`);
  } else {
    await mkdir(target, { recursive: true });
    await writeFile(`${target}/${name}`, code);
  }
}
process.exit(failed ? 1 : 0);
