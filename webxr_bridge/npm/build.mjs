// Build the shim for the page (default) or the tests (`--tests`), and say how large it came out.
import { build } from 'esbuild';
import { brotliCompressSync, constants } from 'node:zlib';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildWorkers, decoderLicences } from './build.workers.mjs';

const here = import.meta.dirname;
const COMMON = { bundle: true, format: 'esm', target: 'es2022', legalComments: 'eof', logLevel: 'warning' };

/** The licence of each package that went into the page: it travels with what is built from it. */
function licences(inputs) {
  const names = inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean);
  const texts = [...new Set(names)].sort().map((name) => {
    const folder = join(here, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new Error(`${name} has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return [...texts, ...decoderLicences()].join(`\n${'-'.repeat(80)}\n\n`);
}

const compress = (bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }); // quality 11

async function buildPage() {
  const folder = join(here, '..', 'branchxr_webxr', 'static');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const PAGE = { ...COMMON, absWorkingDir: here, outdir: folder, minify: true, sourcemap: false, metafile: true };
  const app = await build({
    ...PAGE,
    entryPoints: ['src/app.ts'],
    splitting: true,
    entryNames: 'chunk-[hash]',
    chunkNames: 'chunk-[hash]',
  });
  const [file, script] = Object.entries(app.metafile.outputs).find(([, { entryPoint }]) => entryPoint === 'src/app.ts');
  const imports = script.imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path);
  const modules = [file, ...imports].map((path) => basename(path));
  writeFileSync(join(folder, 'modules.json'), JSON.stringify(modules)); // page.py preloads them
  // Built apart: what it shares with the app would be a file of its own, and another round trip before first light.
  const element = await build({
    ...PAGE,
    entryPoints: { branchxr: 'src/element.ts' },
    define: { APP_MODULES: JSON.stringify(modules.map((name) => `./${name}`)) },
  });
  await buildWorkers(folder);
  const inputs = [app, element].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeFileSync(join(folder, 'LICENSES.txt'), licences(inputs));
  await build({
    absWorkingDir: here,
    entryPoints: { branchxr: 'src/style.css' },
    outdir: folder,
    bundle: true,
    minify: true,
    logLevel: 'warning',
  });
  for (const name of readdirSync(folder).sort()) {
    const bytes = readFileSync(join(folder, name));
    const kilobytes = (size) => `${(size / 1000).toFixed(1)} kB`;
    const compressed = compress(bytes);
    writeFileSync(join(folder, `${name}.br`), compressed);
    console.log(`${name}  ${kilobytes(bytes.length)}  brotli ${kilobytes(compressed.length)}`);
  }
}

async function buildTests() {
  const folder = join(here, 'out', 'tests');
  rmSync(folder, { recursive: true, force: true });
  const tests = readdirSync(join(here, 'tests')).filter((name) => name.endsWith('.test.ts') || name === 'interpolation.ts');
  await build({
    ...COMMON,
    absWorkingDir: here,
    entryPoints: tests.map((name) => join('tests', name)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    sourcemap: 'inline',
  });
}

/** What `branchxr assets validate` runs: Khronos' validator as it is published, with its licence. */
function copyValidator() {
  const from = join(here, 'node_modules', 'gltf-validator');
  const folder = join(here, '..', '..', 'asset_pipeline', 'branchxr_assets', 'static');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(from, 'gltf_validator.dart.js'), join(folder, 'gltf_validator.dart.js'));
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const texts = ['LICENSE', 'NOTICES'].map((name) => readFileSync(join(from, name), 'utf8').trim());
  writeFileSync(join(folder, 'LICENSES.txt'), `gltf-validator ${version}\n\n${texts.join('\n\n')}\n`);
}

if (process.argv.includes('--tests')) {
  await buildTests();
} else {
  await buildPage();
  copyValidator();
}
