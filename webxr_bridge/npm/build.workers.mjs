// The decoders' workers: three's own code and the WebAssembly it ships, put into files at build time as
// three puts them into `blob:` workers at run time. Nothing of it is kept in the repository.
import { build, transform } from 'esbuild';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KTX2Loader } from 'three/addons/loaders/KTX2Loader.js';

const here = import.meta.dirname;
const JSM = join(here, 'node_modules/three/examples/jsm');
/** A worker whose WebAssembly does not load would say nothing; an uncaught error reaches the page. */
const SPEAK_UP = "addEventListener('unhandledrejection', (event) => setTimeout(() => { throw event.reason; }));";

const read = (...parts) => readFileSync(join(JSM, ...parts), 'utf8');

/** The function of DRACOLoader.js that is its worker's whole program. */
function dracoWorker() {
  const source = read('loaders/DRACOLoader.js');
  const start = source.indexOf('function DRACOWorker()');
  const end = source.lastIndexOf('export {');
  if (start < 0 || end < start) throw new Error('three changed DRACOLoader.js: no DRACOWorker in it');
  return `${read('libs/draco/gltf/draco_wasm_wrapper.js')}\n${source.slice(start, end)}\nDRACOWorker();`;
}

/** Where embind makes functions from text, and what stands there instead (src/decoders/embind.js). */
const WITHOUT_EVAL = [
  [
    'newFunc(Function,args)(...closureArgs)',
    'staticInvoker(argTypes,isClassMethodFunc,needsDestructorStack,returns,cppInvokerFunc,cppTargetFunc,runDestructors)',
  ],
  ['newFunc(Function,params)(...args)', 'staticCaller(kind,retType,types,emval_returnValue)'],
];

function basisTranscoder() {
  return WITHOUT_EVAL.reduce((text, [made, fixed]) => {
    if (text.split(made).length !== 2) throw new Error(`three changed basis_transcoder.js: no ${made} in it`);
    return text.replace(made, () => fixed);
  }, read('libs/basis/basis_transcoder.js'));
}

function ktx2Worker() {
  const { BasisFormat, BasisWorker, EngineFormat, EngineType, TranscoderFormat } = KTX2Loader;
  if (typeof BasisWorker !== 'function') throw new Error('three changed KTX2Loader.js: no BasisWorker in it');
  const constants = Object.entries({ BasisFormat, EngineFormat, EngineType, TranscoderFormat });
  const lines = constants.map(([name, value]) => `const _${name} = ${JSON.stringify(value)};`);
  const embind = readFileSync(join(here, 'src/decoders/embind.js'), 'utf8');
  return [...lines, embind, basisTranscoder(), `(${BasisWorker})();`].join('\n');
}

/** Write all workers into a folder, with the WebAssembly beside them that they fetch. */
export async function buildWorkers(folder) {
  for (const [name, text] of [['draco.worker.js', dracoWorker()], ['ktx2.worker.js', ktx2Worker()]]) {
    const { code } = await transform(`${SPEAK_UP}\n${text}`, { minify: true, target: 'es2022', legalComments: 'none' });
    writeFileSync(join(folder, name), code);
  }
  await build({
    absWorkingDir: here,
    entryPoints: { 'meshopt.worker': 'src/decoders/meshopt.worker.ts' },
    outdir: folder,
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  copyFileSync(join(JSM, 'libs/draco/gltf/draco_decoder.wasm'), join(folder, 'draco_decoder_gltf.wasm'));
  copyFileSync(join(JSM, 'libs/basis/basis_transcoder.wasm'), join(folder, 'basis_transcoder.wasm'));
}

/** three's licence does not cover what it ships of others'. */
export function decoderLicences() {
  const mit = readFileSync(join(here, 'node_modules/three/LICENSE'), 'utf8');
  const terms = mit.slice(mit.indexOf('Permission is hereby granted')).trim();
  const apache = readFileSync(join(here, '../../LICENSE'), 'utf8').trim();
  return [
    `Draco (draco.worker.js, draco_decoder_gltf.wasm), the Draco Authors (Apache-2.0)\n\n${apache}\n`,
    'Basis Universal (ktx2.worker.js, basis_transcoder.wasm), Binomial LLC (Apache-2.0; text above)\n',
    `meshoptimizer (meshopt.worker.js), Copyright (C) 2016-2026, by Arseny Kapoulkine (MIT)\n\n${terms}\n`,
  ];
}
