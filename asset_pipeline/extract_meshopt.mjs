// Take the WebAssembly modules out of the `meshoptimizer` npm package, with its licence:
//   node extract_meshopt.mjs NODE_MODULES/meshoptimizer TARGET_FOLDER
// The package packs them into its JavaScript and unpacks them itself when it starts; what it then
// hands to the engine is what is written. Nothing of how it packs is known here.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const PARTS = {
  decoder: "meshopt_decoder.mjs",
  encoder: "meshopt_encoder.js",
  simplifier: "meshopt_simplifier.js",
};
const [source, target] = process.argv.slice(2);
const instantiate = WebAssembly.instantiate;
let seen;
WebAssembly.instantiate = (bytes, imports) => {
  seen = new Uint8Array(bytes);
  return instantiate(bytes, imports);
};
fs.mkdirSync(target, { recursive: true });
for (const [name, file] of Object.entries(PARTS)) {
  seen = undefined;
  await import(pathToFileURL(path.resolve(source, file)));
  if (seen === undefined) throw new Error(`${file} made no WebAssembly module`);
  fs.writeFileSync(path.join(target, `${name}.wasm`), seen);
}
fs.copyFileSync(path.join(source, "LICENSE.md"), path.join(target, "LICENSE.md"));
const { version } = JSON.parse(fs.readFileSync(path.join(source, "package.json"), "utf8"));
fs.writeFileSync(path.join(target, "VERSION"), `${version}\n`);
