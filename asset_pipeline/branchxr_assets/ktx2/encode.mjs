// Encode one picture with the npm package ktx2-encoder (Basis Universal in WebAssembly):
//   node encode.mjs PACKAGE_FOLDER PIXELS.rgba WIDTH HEIGHT OPTIONS.json OUT.ktx2
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, pixels, width, height, options, target] = process.argv.slice(2);
console.log = () => {}; // the encoder talks at length
const { encodeToKTX2 } = await import(pathToFileURL(path.join(folder, 'dist/node/index.js')));
const data = new Uint8Array(fs.readFileSync(pixels));
const picture = { width: Number(width), height: Number(height), data };
const made = await encodeToKTX2(new Uint8Array(), {
  ...JSON.parse(options),
  generateMipmap: true,
  imageDecoder: async () => picture,
});
fs.writeFileSync(target, made);
