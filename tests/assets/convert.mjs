// Other people's encoders: node convert.mjs NPM_FOLDER plain|draco|draco-sequential|meshopt|meshopt-filter IN OUT
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [npm, how, source, target] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(npm), "package.json"));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { NodeIO, Logger } = await load("@gltf-transform/core");
const { ALL_EXTENSIONS, KHRDracoMeshCompression, EXTMeshoptCompression } = await load("@gltf-transform/extensions");
const { MeshoptDecoder, MeshoptEncoder } = await import(
  pathToFileURL(path.join(path.resolve(npm), "node_modules/meshoptimizer/index.js"))
);
const draco = require("draco3dgltf");
await MeshoptEncoder.ready;
await MeshoptDecoder.ready;
const io = new NodeIO().setLogger(new Logger(Logger.Verbosity.ERROR)).registerExtensions(ALL_EXTENSIONS);
io.registerDependencies({
  "draco3d.decoder": await draco.createDecoderModule(),
  "draco3d.encoder": await draco.createEncoderModule(),
  "meshopt.decoder": MeshoptDecoder,
  "meshopt.encoder": MeshoptEncoder,
});
const document = await io.read(source);
const packings = /draco|meshopt/;
for (const extension of document.getRoot().listExtensionsUsed()) {
  if (packings.test(extension.extensionName)) extension.dispose();
}
if (how.startsWith("draco")) {
  const method = how === "draco-sequential" ? "SEQUENTIAL" : "EDGEBREAKER";
  document.createExtension(KHRDracoMeshCompression).setRequired(true).setEncoderOptions({
    method: KHRDracoMeshCompression.EncoderMethod[method],
  });
} else if (how.startsWith("meshopt")) {
  document.createExtension(EXTMeshoptCompression).setRequired(true).setEncoderOptions({
    method: EXTMeshoptCompression.EncoderMethod[how === "meshopt-filter" ? "FILTER" : "QUANTIZE"],
  });
}
fs.writeFileSync(target, await io.writeBinary(document));
console.log(JSON.stringify({ file: target, bytes: fs.statSync(target).size }));
