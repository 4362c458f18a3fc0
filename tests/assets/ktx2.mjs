// Decode KTX2 as the page does, with the transcoder that three ships: node ktx2.mjs NPM_FOLDER FILE LEVEL OUT.rgba
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [npm, file, level, target] = process.argv.slice(2);
const folder = path.resolve(npm, 'node_modules/three/examples/jsm/libs/basis');
const source = fs.readFileSync(path.join(folder, 'basis_transcoder.js'), 'utf8');
const names = ['require', '__dirname', '__filename', 'module'];
const make = new Function(...names, `${source}; return BASIS;`);
const BASIS = make(createRequire(import.meta.url), folder, path.join(folder, 'basis_transcoder.js'), {});
const module = await BASIS({ wasmBinary: fs.readFileSync(path.join(folder, 'basis_transcoder.wasm')) });
module.initializeBasis();
const picture = new module.KTX2File(new Uint8Array(fs.readFileSync(file)));
if (!picture.isValid() || !picture.startTranscoding()) throw new Error('not KTX2 of Basis Universal');
const RGBA32 = 13;
const info = picture.getImageLevelInfo(Number(level), 0, 0);
const pixels = new Uint8Array(picture.getImageTranscodedSizeInBytes(Number(level), 0, 0, RGBA32));
if (!picture.transcodeImage(pixels, Number(level), 0, 0, RGBA32, 0, -1, -1)) throw new Error('not transcoded');
fs.writeFileSync(target, pixels);
console.log(JSON.stringify({
  width: picture.getWidth(), height: picture.getHeight(), levels: picture.getLevels(), alpha: Boolean(picture.getHasAlpha()),
  uastc: picture.isUASTC(), srgb: picture.getDFDTransferFunc() === 2, level: [info.origWidth, info.origHeight],
}));
