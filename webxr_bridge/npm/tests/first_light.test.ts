import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChunk } from '../src/first_light/chunk';

type Json = Record<string, any>;

const BIN_BYTES = 36; // four positions of three 16-bit numbers, each in 8 bytes; one triangle of 16-bit indices, too few to fill

/** What `branchxr assets build` writes of one triangle; `change` makes it something else. */
function scene(change: (json: Json) => void = () => {}): Json {
  const json: Json = {
    asset: { version: '2.0', generator: 'BranchXR' },
    extensionsUsed: ['KHR_mesh_quantization'],
    extensionsRequired: ['KHR_mesh_quantization'],
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0, translation: [1, 2, 3], scale: [0.5, 0.5, 0.5] }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0 }, indices: 1, material: 0, mode: 4 }] }],
    materials: [{
      pbrMetallicRoughness: { baseColorFactor: [0.1, 0.2, 0.3, 0.25], metallicFactor: 0, roughnessFactor: 0.5 },
      emissiveFactor: [0, 0, 1], alphaMode: 'BLEND', doubleSided: true,
    }],
    accessors: [
      { bufferView: 0, byteOffset: 0, componentType: 5122, count: 3, type: 'VEC3', min: [0, 0, 0], max: [2, 4, 6] },
      { bufferView: 1, byteOffset: 2, componentType: 5123, count: 3, type: 'SCALAR' },
    ],
    bufferViews: [
      { buffer: 0, byteOffset: 0, byteLength: 24, byteStride: 8, target: 34962 },
      { buffer: 0, byteOffset: 24, byteLength: 8, target: 34963 },
    ],
    buffers: [{ byteLength: BIN_BYTES }],
  };
  change(json);
  return json;
}

function glb(json: unknown, indices: readonly number[] = [0, 1, 2]): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(json).padEnd(2048));
  const whole = new ArrayBuffer(28 + text.length + BIN_BYTES);
  const view = new DataView(whole);
  [0x46546c67, 2, whole.byteLength, text.length, 0x4e4f534a].forEach((word, at) => view.setUint32(4 * at, word, true));
  new Uint8Array(whole, 20).set(text);
  const rest = 20 + text.length;
  view.setUint32(rest, BIN_BYTES, true);
  view.setUint32(rest + 4, 0x004e4942, true);
  indices.forEach((index, at) => view.setUint16(rest + 8 + 26 + 2 * at, index, true));
  return whole;
}

test('what the build writes is read', () => {
  const chunk = readChunk(glb(scene()));
  assert.equal(chunk?.bytes.length, BIN_BYTES);
  assert.deepEqual(chunk.parts, [{
    positions: { type: 5122, offset: 0, stride: 8, count: 3, isNormalized: false },
    indices: { type: 5123, offset: 26, stride: 2, count: 3, isNormalized: false },
    material: {
      colour: [0.1, 0.2, 0.3, 0.25], emissive: [0, 0, 1], roughness: 0.5, isBlended: true, isDoubleSided: true, isUnlit: false,
    },
    translation: [1, 2, 3],
    scale: [0.5, 0.5, 0.5],
    middle: [1.5, 3, 4.5],
  }]);
});

test('alpha of an opaque material is ignored', () => {
  const chunk = readChunk(glb(scene((json) => delete json['materials'][0].alphaMode)));
  assert.deepEqual(chunk?.parts[0]!.material.colour, [0.1, 0.2, 0.3, 1]);
});

const FINE: Record<string, (json: Json) => void> = {
  'names and extras': (json) => Object.assign(json['nodes'][0], { name: 'a', extras: { b: 1 } }),
  'a node where it is': (json) => (json['nodes'][0] = { mesh: 0 }),
  'two nodes': (json) => { json['nodes'].push({ mesh: 0 }); json['scenes'][0].nodes.push(1); },
  'an unlit material': (json) => {
    json['extensionsUsed'].push('KHR_materials_unlit');
    json['materials'][0].extensions = { KHR_materials_unlit: {} };
  },
  'a material that says no more than that it is no metal': (json) => (json['materials'] = [{ pbrMetallicRoughness: { metallicFactor: 0 } }]),
  'normalized positions': (json) => (json['accessors'][0].normalized = true),
};

for (const [what, change] of Object.entries(FINE)) {
  test(`read: ${what}`, () => assert.ok(readChunk(glb(scene(change)))));
}

const LEFT: Record<string, (json: Json) => void> = {
  'an unknown extension': (json) => json['extensionsUsed'].push('KHR_draco_mesh_compression'),
  'textures': (json) => (json['textures'] = [{}]),
  'a texture of a material': (json) => (json['materials'][0].pbrMetallicRoughness.baseColorTexture = { index: 0 }),
  'an extension of a material': (json) => (json['materials'][0].extensions = { KHR_materials_transmission: {} }),
  'metal': (json) => (json['materials'][0].pbrMetallicRoughness.metallicFactor = 1),
  'metal by default': (json) => delete json['materials'][0].pbrMetallicRoughness.metallicFactor,
  'no material, which is metal': (json) => delete json['meshes'][0].primitives[0].material,
  'alpha by mask': (json) => (json['materials'][0].alphaMode = 'MASK'),
  'normals': (json) => (json['meshes'][0].primitives[0].attributes.NORMAL = 0),
  'morph targets': (json) => (json['meshes'][0].primitives[0].targets = [{ POSITION: 0 }]),
  'lines': (json) => (json['meshes'][0].primitives[0].mode = 1),
  'no indices': (json) => delete json['meshes'][0].primitives[0].indices,
  'a turned node': (json) => (json['nodes'][0].rotation = [0, 1, 0, 0]),
  'a mirrored node': (json) => (json['nodes'][0].scale = [-1, 1, 1]),
  'children': (json) => (json['nodes'][0].children = [0]),
  'a mesh named too often': (json) => (json['scenes'][0].nodes = Array(5000).fill(0)),
  'nothing to draw': (json) => (json['scenes'][0].nodes = []),
  'a node that is not there': (json) => (json['scenes'][0].nodes = [7]),
  'an index that is none': (json) => (json['scenes'][0].nodes = ['__proto__']),
  'a sparse accessor': (json) => (json['accessors'][0].sparse = {}),
  'an accessor beyond its view': (json) => (json['accessors'][0].count = 4),
  'an accessor that begins beyond its view': (json) => (json['accessors'][1].byteOffset = 4),
  'a view beyond the file': (json) => (json['bufferViews'][1].byteLength = 999),
  'a view of half numbers': (json) => (json['bufferViews'][0].byteOffset = 1),
  'a stride below its elements': (json) => (json['bufferViews'][0].byteStride = 4),
  'a negative offset': (json) => (json['accessors'][0].byteOffset = -8),
  'a huge count': (json) => (json['accessors'][1].count = 2 ** 53),
  'half a triangle': (json) => (json['accessors'][1].count = 2),
  'positions of 32-bit whole numbers': (json) => (json['accessors'][0].componentType = 5125),
  'no bounds': (json) => delete json['accessors'][0].min,
  'a buffer elsewhere': (json) => (json['buffers'][0].uri = 'other.bin'),
  'a buffer beyond the file': (json) => (json['buffers'][0].byteLength = 99),
  'a colour that is none': (json) => (json['materials'][0].pbrMetallicRoughness.baseColorFactor = [1, 1, 'x', 1]),
  'skins': (json) => (json['skins'] = []),
};

for (const [what, change] of Object.entries(LEFT)) {
  test(`left to three.js: ${what}`, () => assert.equal(readChunk(glb(scene(change))), null));
}

test('left to three.js: an index beyond the vertices', () => {
  assert.equal(readChunk(glb(scene(), [0, 1, 3])), null);
});

test('left to three.js: what is no GLB, or no whole one', () => {
  const whole = glb(scene());
  for (let length = 0; length < whole.byteLength; length += 7) assert.equal(readChunk(whole.slice(0, length)), null);
  for (const at of [0, 4, 8, 12, 16, 20 + 2048, 24 + 2048]) {
    const broken = whole.slice(0);
    new DataView(broken).setUint32(at, 0xfffffff0, true);
    assert.equal(readChunk(broken), null);
  }
  for (const json of [null, 7, [], 'x', {}]) assert.equal(readChunk(glb(json)), null);
});
