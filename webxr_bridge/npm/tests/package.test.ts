import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { PackageRefused, ScenePackage } from '../src/package';
import { extensionsOf } from '../src/scene_loader';

const BASE = new URL('http://localhost:8710/scene/');
const bytes = new TextEncoder().encode('a chunk');
const hash = createHash('sha256').update(bytes).digest('hex');
const realFetch = globalThis.fetch;

afterEach(() => {
  globalThis.fetch = realFetch;
});

function serve(body: Uint8Array): void {
  globalThis.fetch = () => Promise.resolve(new Response(body as Uint8Array<ArrayBuffer>));
}

test('a chunk is checked against the hash in its name', async () => {
  const source = new ScenePackage(BASE, {});
  const address = source.address(`c/${hash}.glb`);
  serve(bytes);
  assert.equal((await source.fetch(address)).byteLength, bytes.length);
  serve(new TextEncoder().encode('b chunk'));
  await assert.rejects(source.fetch(address), PackageRefused);
});

test('a name that is no hash needs the manifest', async () => {
  serve(bytes);
  for (const path of ['c/chunk.glb', `d/${hash}.glb`, `c/${hash}.json`, `x/c/${hash}.glb`, 'tileset.json']) {
    await assert.rejects(new ScenePackage(BASE, {}).fetch(new URL(path, BASE).href), PackageRefused);
  }
  await new ScenePackage(BASE, { 'tileset.json': hash }).fetch(new URL('tileset.json', BASE).href);
});

test('the manifest decides, whatever a name says', async () => {
  serve(bytes);
  const source = new ScenePackage(BASE, { [`c/${hash}.glb`]: '0'.repeat(64) });
  await assert.rejects(source.fetch(source.address(`c/${hash}.glb`)), PackageRefused);
});

test('a file that was asked for ahead is fetched once, and again only if that failed', async () => {
  const path = `c/${hash}.glb`;
  let asked = 0;
  let body = bytes;
  globalThis.fetch = () => {
    asked++;
    return Promise.resolve(new Response(body as Uint8Array<ArrayBuffer>));
  };
  const first = new ScenePackage(BASE, {});
  assert.equal(first.fetchAhead(path), first.fetchAhead(path));
  const later = new ScenePackage(BASE, {}, first.ahead);
  assert.equal((await later.fetch(later.address(path))).byteLength, bytes.length);
  assert.equal(asked, 1);
  assert.equal(later.ahead.size, 0); // memory is not held twice
  body = new TextEncoder().encode('b chunk');
  await assert.rejects(later.fetchAhead(path), PackageRefused);
  body = bytes;
  await later.fetch(later.address(path));
  assert.equal(asked, 3);
});

test('hashes of the same package are taken over, of another not', () => {
  const source = new ScenePackage(BASE, { 'tileset.json': 'a' });
  assert.equal(source.adopt(BASE, { 'tileset.json': 'a', 'c/x.glb': 'b' }), true);
  assert.equal(source.adopt(BASE, { 'tileset.json': 'c' }), false);
  assert.equal(source.adopt(new URL('http://localhost:8710/other/'), { 'tileset.json': 'a' }), false);
});

function glb(json: string, claimed = json.length): ArrayBuffer {
  const whole = new Uint8Array(20 + json.length);
  whole.set(new TextEncoder().encode(json), 20);
  new DataView(whole.buffer).setUint32(12, claimed, true);
  return whole.buffer;
}

test('extensionsUsed is read of any bytes', () => {
  assert.deepEqual(extensionsOf(glb('{"extensionsUsed":["KHR_draco_mesh_compression"]}')), ['KHR_draco_mesh_compression']);
  assert.deepEqual(extensionsOf(glb('{"extensionsUsed":["a",7,null]}')), ['a']);
  for (const bad of [glb('{'), glb('null'), glb('{}'), glb('{"extensionsUsed":7}'), glb('{}', 99), new ArrayBuffer(3)]) {
    assert.deepEqual(extensionsOf(bad), []);
  }
});
