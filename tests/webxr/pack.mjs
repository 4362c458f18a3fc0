// Pack a GLB as foreign tools do: node pack.mjs FROM.glb TO.glb draco|meshopt|ktx2|sparse
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const npm = join(import.meta.dirname, '../../webxr_bridge/npm');
const require = createRequire(join(npm, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { NodeIO } = await load('@gltf-transform/core');
const { ALL_EXTENSIONS, EXTMeshoptCompression, KHRDracoMeshCompression, KHRTextureBasisu } = await load('@gltf-transform/extensions');
const draco3d = require('draco3dgltf');
const { MeshoptEncoder, MeshoptDecoder } = await load('meshoptimizer');
await MeshoptEncoder.ready;

const [from, to, how] = process.argv.slice(2);
const io = new NodeIO().registerExtensions(ALL_EXTENSIONS).registerDependencies({
  'draco3d.encoder': await draco3d.createEncoderModule(),
  'meshopt.encoder': MeshoptEncoder,
  'meshopt.decoder': MeshoptDecoder,
});
const document = await io.read(from);

const pack = {
  draco() {
    document.createExtension(KHRDracoMeshCompression).setRequired(true);
  },
  meshopt() {
    document.createExtension(EXTMeshoptCompression).setRequired(true)
      .setEncoderOptions({ method: EXTMeshoptCompression.EncoderMethod.QUANTIZE });
  },
  /** Every picture becomes magenta: what the test looks for, and no decoder of PNG or WebP is needed. */
  async ktx2() {
    const { encodeToKTX2 } = await import(pathToFileURL(join(npm, 'node_modules/ktx2-encoder/dist/node/index.js')));
    const [width, height] = [64, 64];
    const data = new Uint8Array(width * height * 4).map((_, index) => (index % 4 === 1 ? 0 : 255));
    const picture = await encodeToKTX2(new Uint8Array(), {
      isUASTC: false, qualityLevel: 128, generateMipmap: true, isPerceptual: true, isSetKTX2SRGBTransferFunc: true,
      imageDecoder: async () => ({ width, height, data }),
    });
    document.createExtension(KHRTextureBasisu).setRequired(true);
    for (const texture of document.getRoot().listTextures()) texture.setImage(picture).setMimeType('image/ktx2');
  },
  sparse() {
    for (const mesh of document.getRoot().listMeshes()) {
      for (const primitive of mesh.listPrimitives()) primitive.getAttribute('POSITION').setSparse(true);
    }
  },
};
await pack[how]();
await io.write(to, document);
