// Bundles the client into minified ES modules: the core, which every page loads (client.js); the lazy half and its features
// (lazy/); and the files for server functions (call.js), scripts of pages (hooks.js), names of tabs (tab.js) and debug mode.
// `--check` fails if the committed files differ from what would be built.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const LIMIT = 6 * 1024; // bytes: the largest gzip size of the core
// Property names to shorten. They are only used for the client's own objects: never by the platform, nor in messages.
const OWN = [
  "element", "slots", "parts", "first", "source", "closing", "container", "descriptor", "last", "settled", "seen", "edits", "out", "answered", "pressed", "setValue", "revision", "digest", "holding", "applyChange", "opening", "build", "modifiers", "resets", "running", "withheld", "post", "fillWith", "_parent", "focused", "ended",
  "applyAutofocus", "applyExtras", "busy", "explain", "flushDelays", "followRedirect", "isRendered", "moveSiblings", "needsTransition", "onEvent", "onWindowEvent", "processAll", "refocus", "refuses", "registerCall", "reloadPage", "replacePage", "sendByFetch", "stopFetching", "setRaw", "showPendingState", "uploadFiles", "covers", "unsent",
];
const DIGEST = 10; // hex digits of the SHA-256 in addresses of files, and in the path of the lazy half
const root = dirname(fileURLToPath(import.meta.url));
const target = `${root}/../liveactions/static`;

/** Short property names, the same in all files. Neither messages nor the platform's APIs that the client uses have such names. */
const LETTERS = "rtoiaugmpkbwjqzABCDEFGHIJKLMNOPQRSTUVWXYZ$_";
const names = Object.fromEntries(OWN.map((name, i) => [name, LETTERS[i] ?? `A${i - LETTERS.length}`]));

/**
 * Bundle a file.
 * @param {import("esbuild").BuildOptions} entry
 * @returns {Promise<import("esbuild").BuildResult<{ write: false, metafile: true }>>}
 */
const compile = (entry) => build({
  bundle: true,
  minifySyntax: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  mangleProps: new RegExp(`^(${OWN.join("|")})$`),
  mangleCache: names,
  write: false,
  metafile: true,
  absWorkingDir: root,
  ...entry,
});

/** Minify a bundle. @param {string} text @param {import("terser").CompressOptions} [options] */
async function minified(text, options) {
  // A few percent smaller than with esbuild's own minifier.
  const { code } = await minify(text, { ecma: 2020, module: true, compress: { passes: 3, hoist_funs: true, pure_getters: true, unsafe: true, unsafe_arrows: true, unsafe_comps: true, ...options } });
  return Buffer.from(`${code}\n`);
}

/** @param {string} entry @param {Record<string, string>} [define] @param {import("terser").CompressOptions} [options] */
const bundle = async (entry, define = {}, options = {}) => minified((await compile({ entryPoints: [`src/${entry}`], define })).outputFiles[0].text, options);

// The lazy half: lazy.js, with all modules that lazy/index.js imports; and a file per feature, with the others that it imports.

const LAZY = "lazy.js";
/** Stateless modules, which several features may each have a copy of. */
const STATELESS = ["equality", "ignore", "motion", "parsing", "scrolling", "tab"].map((name) => `src/lazy/${name}.js`);

/** Bundle the lazy half. @returns {Promise<Record<string, Buffer>>} contents by file name */
async function bundleLazy() {
  const entry = "src/lazy/index.js";
  const leaveFeatures = { name: "features", setup: (/** @type {import("esbuild").PluginBuild} */ { onResolve }) => onResolve({ filter: /./ }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : undefined)) };
  const { inputs } = (await compile({ entryPoints: [entry], plugins: [leaveFeatures] })).metafile;
  const shared = Object.keys(inputs).filter((path) => path.startsWith("src/lazy/"));
  const features = Object.values(inputs).flatMap(({ imports }) => imports.filter(({ kind }) => kind === "dynamic-import").map(({ path }) => posix.join("src/lazy", path)));
  /** @type {Map<string, string>} the short names under which lazy.js exports what features import, by name and module */
  const exported = new Map();
  /** @type {Map<string, string>} the feature of each module */
  const owners = new Map();
  /** @type {Record<string, Buffer>} */
  const files = {};
  for (const feature of features) {
    const linkOthers = { name: "others", setup: (/** @type {import("esbuild").PluginBuild} */ { onResolve }) => onResolve({ filter: /./ }, ({ importer, kind, path }) => {
      const module = posix.join(relative(root, dirname(importer)), path);
      if (kind === "entry-point") return undefined;
      if (shared.includes(module)) return { path: module, external: true };
      return features.includes(module) ? { path: `./${posix.basename(module)}`, external: true } : undefined;
    }) };
    const { metafile, outputFiles } = await compile({ entryPoints: [feature], plugins: [linkOthers] });
    for (const module of Object.keys(metafile.inputs)) {
      if (!module.startsWith("src/lazy/") || STATELESS.includes(module)) continue;
      if (owners.has(module)) fail(`${module} would be in two files, of ${owners.get(module)} and ${feature}: import it in lazy/index.js, or list it as stateless in build.mjs.`);
      owners.set(module, feature);
    }
    const imports = /^import \{([^}]*)\} from "(src\/[^"]+)";$/gm;
    /** @type {string[]} */
    const taken = [];
    const text = outputFiles[0].text.replace(imports, (_, names, module) => {
      for (const [name, alias = name] of names.split(",").map((/** @type {string} */ part) => part.trim().split(" as "))) {
        const key = `${name} ${module}`;
        if (!exported.has(key)) exported.set(key, `${LETTERS[exported.size % LETTERS.length]}${Math.floor(exported.size / LETTERS.length) || ""}`);
        taken.push(`${exported.get(key)} as ${alias}`);
      }
      return "";
    });
    files[posix.basename(feature)] = await minified(`import {${taken}} from "./${LAZY}";${text}`);
  }
  const exports = [...exported].map(([key, letter]) => key.replace(/(.*) (.*)/, `export { $1 as ${letter} } from "./$2";`));
  const all = await compile({ stdin: { contents: [`export { lazy } from "./${entry}";`, ...exports].join("\n"), resolveDir: root }, plugins: [leaveFeatures] });
  return { [LAZY]: await minified(all.outputFiles[0].text), ...files };
}

let failed = false;
/** @param {string} text */
const fail = (text) => {
  console.error(text);
  failed = true;
};

const lazy = await bundleLazy();
const sorted = Object.keys(lazy).sort();
const digest = createHash("sha256").update(Buffer.concat(sorted.map((name) => lazy[name]))).digest("hex").slice(0, DIGEST);
/** @type {Record<string, Buffer>} */
const files = {
  "client.js": await bundle("main.js", { LAZY: JSON.stringify(`./${digest}/${LAZY}`) }, { booleans_as_integers: true }), // safe, as the core passes no booleans to other files
  "call.js": await bundle("call.js"),
  "hooks.js": await bundle("hooks.js"),
  "tab.js": await bundle("tab.js"),
  "debug.js": await bundle("debug/main.js"),
  ...Object.fromEntries(sorted.map((name) => [`lazy/${name}`, lazy[name]])),
};

for (const [name, code] of Object.entries(files)) {
  const gzip = gzipSync(code, { level: 9 }).length;
  console.log(`${name}: ${code.length} bytes, gzip ${gzip}, brotli ${brotliCompressSync(code).length}`);
  if (name === "client.js" && gzip > LIMIT && !process.env.LAX) fail(`The client's core may have ${LIMIT} bytes of gzip.`);
  if (process.argv.includes("--check")) {
    const committed = await readFile(`${target}/${name}`).catch(() => Buffer.alloc(0));
    if (Buffer.compare(committed, code)) fail(`liveactions/static/${name} is not what js/src builds: run \`npm run build\` in js/.`);
  } else {
    await mkdir(dirname(`${target}/${name}`), { recursive: true });
    await writeFile(`${target}/${name}`, code);
  }
}
for (const name of await readdir(`${target}/lazy`)) {
  if (lazy[name]) continue;
  if (process.argv.includes("--check")) fail(`liveactions/static/lazy/${name} is no feature any more: run \`npm run build\` in js/.`);
  else await rm(`${target}/lazy/${name}`);
}
process.exit(failed ? 1 : 0);
