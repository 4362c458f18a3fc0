// Load a package with 3d-tiles-renderer as it comes: node tiles.mjs NPM_FOLDER PACKAGE -> JSON.
// The package is served over loopback, unmodified; only what Node lacks of a browser is added.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [npm, folder] = process.argv.slice(2);
globalThis.self = globalThis.window = globalThis;
globalThis.location = { href: "http://127.0.0.1/" };
globalThis.requestAnimationFrame = (call) => setTimeout(() => call(performance.now()), 4);
globalThis.cancelAnimationFrame = clearTimeout;
globalThis.ProgressEvent ??= class {};
globalThis.createImageBitmap = async () => ({ width: 1, height: 1, close() {} });
globalThis.Image ??= class {
  // GLTFLoader asks whether WebP can be shown by loading one pixel of it.
  set src(_) {
    this.height = 1;
    setTimeout(() => this.onload?.(), 0);
  }
};
const load = (name) => import(pathToFileURL(path.resolve(npm, "node_modules", name)).href);
const THREE = await load("three/build/three.module.js");
const { TilesRenderer } = await load("3d-tiles-renderer/build/index.three.js");

const asked = [];
const server = http.createServer((request, response) => {
  const name = decodeURIComponent(request.url).replace("/scene/", "");
  asked.push(name);
  response.end(fs.readFileSync(path.join(folder, name)));
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));

const camera = new THREE.PerspectiveCamera(60, 16 / 9, 0.1, 1000);
camera.position.set(0, 1.7, 4);
camera.lookAt(0, 1.5, 0);
camera.updateMatrixWorld();
const tiles = new TilesRenderer(`http://127.0.0.1:${server.address().port}/scene/tileset.json`);
tiles.group.rotation.x = -Math.PI / 2;
tiles.group.updateMatrixWorld(true);
tiles.errorTarget = 0.1;
tiles.setCamera(camera);
tiles.setResolution(camera, 1920, 1080);
const models = [];
const failures = [];
tiles.addEventListener("load-error", (event) => failures.push(String(event.error)));
tiles.addEventListener("load-model", ({ scene, tile }) => {
  const holder = new THREE.Group();
  holder.rotation.x = -Math.PI / 2;
  const parent = scene.parent;
  holder.add(scene); // a model that is not shown has no parent yet
  holder.updateMatrixWorld(true);
  const box = new THREE.Box3();
  const found = { triangles: 0, lights: 0, skins: 0, extras: 0, physical: 0 };
  scene.traverse((node) => {
    if (node.isMesh && !node.isSkinnedMesh) box.expandByObject(node, true);
    if (node.isMesh) found.triangles += (node.geometry.index ?? node.geometry.attributes.position).count / 3;
    if (node.material?.isMeshPhysicalMaterial) found.physical += 1;
    found.lights += node.isLight ? 1 : 0;
    found.skins += node.isSkinnedMesh ? 1 : 0;
    found.extras += node.userData.branch_anchor ? 1 : 0;
  });
  if (parent) parent.add(scene);
  const role = tile.extras?.role ?? "lod";
  const bytes = tile.content.extras.bytes;
  const animations = tile.engineData?.metadata?.animations?.length ?? 0;
  models.push({ role, bytes, ...found, animations, low: box.min.toArray(), high: box.max.toArray() });
});
const wanted = Number(process.argv[4] ?? 4);
const started = performance.now();
while (models.length + failures.length < wanted && performance.now() - started < 20000) {
  camera.updateMatrixWorld();
  tiles.update();
  await new Promise((done) => setTimeout(done, 8));
}
models.sort((a, b) => a.bytes - b.bytes);
console.log(JSON.stringify({ models, failures, asked }));
process.exit(0);
