/**
 * Reads the coarsest chunk, as `branchxr assets build` writes it: triangles in plain colours, moved
 * and scaled. Whatever else a GLB may hold is left to three.js, and so is one that is broken.
 */

import type { Vector } from '../messages';

export interface Material {
  /** Linear RGBA. */
  readonly colour: readonly [number, number, number, number];
  readonly emissive: Vector;
  readonly roughness: number;
  readonly isBlended: boolean;
  readonly isDoubleSided: boolean;
  readonly isUnlit: boolean;
}

/** Where numbers stand in the chunk's bytes, as WebGL is told. */
export interface Slice {
  readonly type: number;
  readonly offset: number;
  readonly stride: number;
  readonly count: number;
  readonly isNormalized: boolean;
}

/** What one draw call shows. */
export interface Part {
  readonly positions: Slice;
  readonly indices: Slice;
  readonly material: Material;
  readonly translation: Vector;
  readonly scale: Vector;
  /** Of its box, in the scene, metres: transparent parts are drawn by it, farthest first. */
  readonly middle: Vector;
}

export interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly parts: readonly Part[];
}

type Json = Readonly<Record<string, unknown>>;

const [BYTE, UNSIGNED_BYTE, SHORT, UNSIGNED_SHORT, UNSIGNED_INT, FLOAT] = [5120, 5121, 5122, 5123, 5125, 5126];
const SIZES: Readonly<Record<number, number>> = {
  [BYTE]: 1, [UNSIGNED_BYTE]: 1, [SHORT]: 2, [UNSIGNED_SHORT]: 2, [UNSIGNED_INT]: 4, [FLOAT]: 4,
};
const POSITION_TYPES = [BYTE, UNSIGNED_BYTE, SHORT, UNSIGNED_SHORT, FLOAT]; // KHR_mesh_quantization
const INDEX_TYPES = [UNSIGNED_BYTE, UNSIGNED_SHORT, UNSIGNED_INT];
const READERS: Readonly<Record<number, 'getUint8' | 'getUint16' | 'getUint32'>> = {
  [UNSIGNED_BYTE]: 'getUint8', [UNSIGNED_SHORT]: 'getUint16', [UNSIGNED_INT]: 'getUint32',
};
/** What a normalized number is divided by (glTF 2.0, section 3.6.2.2). */
const LARGEST: Readonly<Record<number, number>> = { [BYTE]: 127, [UNSIGNED_BYTE]: 255, [SHORT]: 32767, [UNSIGNED_SHORT]: 65535 };
const UNLIT = 'KHR_materials_unlit';
const KNOWN = ['KHR_mesh_quantization', UNLIT];
const TRIANGLES = 4;
const PARTS_MAX = 4096;

/** Read a GLB; `null` where it holds anything that is not drawn here, and where it is broken. */
export function readChunk(glb: ArrayBuffer): Chunk | null {
  try {
    return new Reader(glb).read();
  } catch {
    return null;
  }
}

class Reader {
  private readonly root: Json;
  private readonly bytes: Uint8Array<ArrayBuffer>;

  /** GLB 2.0: 12 bytes of header, then the JSON chunk, then the binary one, each after 8 bytes of its own. */
  constructor(glb: ArrayBuffer) {
    const view = new DataView(glb);
    const word = (at: number): number => view.getUint32(at, true);
    check(word(0) === 0x46546c67 && word(4) === 2 && word(8) === glb.byteLength && word(16) === 0x4e4f534a);
    const rest = 20 + word(12);
    check(word(rest + 4) === 0x004e4942 && rest + 8 + word(rest) <= glb.byteLength);
    this.bytes = new Uint8Array(glb, rest + 8, word(rest));
    const text = new TextDecoder().decode(new Uint8Array(glb, 20, word(12)));
    this.root = only(
      JSON.parse(text), 'asset', 'scene', 'scenes', 'nodes', 'meshes', 'materials', 'accessors', 'bufferViews',
      'buffers', 'extensionsUsed', 'extensionsRequired',
    );
  }

  read(): Chunk {
    for (const name of list(this.root['extensionsUsed'] ?? [])) check(KNOWN.includes(name as string));
    check(list(this.root['buffers']).length === 1);
    check(whole(only(this.item('buffers', 0), 'byteLength')['byteLength'], 0) <= this.bytes.length);
    const scene = only(this.item('scenes', this.root['scene'] ?? 0), 'nodes');
    const parts: Part[] = [];
    for (const index of list(scene['nodes'])) this.addNode(this.item('nodes', index), parts);
    check(parts.length > 0);
    return { bytes: this.bytes, parts };
  }

  private addNode(json: unknown, parts: Part[]): void {
    const node = only(json, 'mesh', 'translation', 'scale');
    const translation = vector(node['translation'] ?? [0, 0, 0]);
    const scale = vector(node['scale'] ?? [1, 1, 1]);
    check(scale.every((factor) => factor > 0)); // a mirror would turn faces
    const mesh = only(this.item('meshes', node['mesh']), 'primitives');
    for (const primitive of list(mesh['primitives'])) {
      check(parts.length < PARTS_MAX); // before the next is read: a mesh may be named any number of times
      parts.push(this.part(primitive, translation, scale));
    }
  }

  private part(json: unknown, translation: Vector, scale: Vector): Part {
    const primitive = only(json, 'attributes', 'indices', 'material', 'mode');
    check((primitive['mode'] ?? TRIANGLES) === TRIANGLES);
    const attributes = only(primitive['attributes'], 'POSITION'); // without normals, faces are flat
    const accessor = this.item('accessors', attributes['POSITION']);
    const positions = this.slice(accessor, 'VEC3', POSITION_TYPES);
    const indices = this.slice(this.item('accessors', primitive['indices']), 'SCALAR', INDEX_TYPES);
    check(indices.count % 3 === 0 && indices.stride === SIZES[indices.type]);
    this.checkIndices(indices, positions.count);
    const [low, high] = [vector(accessor['min']), vector(accessor['max'])];
    const unit = positions.isNormalized ? LARGEST[positions.type]! : 1;
    const middle = translation.map((at, axis) => at + ((low[axis]! + high[axis]!) / 2 / unit) * scale[axis]!) as Vector;
    return { positions, indices, material: this.material(primitive['material']), translation, scale, middle };
  }

  private slice(json: unknown, type: string, types: readonly number[]): Slice {
    const accessor = only(json, 'bufferView', 'byteOffset', 'componentType', 'normalized', 'count', 'type', 'min', 'max');
    const component = accessor['componentType'] as number;
    const size = SIZES[component]!;
    check(accessor['type'] === type && types.includes(component));
    const view = only(this.item('bufferViews', accessor['bufferView']), 'buffer', 'byteOffset', 'byteLength', 'byteStride', 'target');
    const element = size * (type === 'VEC3' ? 3 : 1);
    const stride = whole(view['byteStride'] ?? element, element);
    const inView = whole(accessor['byteOffset'] ?? 0, 0);
    const offset = whole(view['byteOffset'] ?? 0, 0) + inView;
    const count = whole(accessor['count'], 1);
    const length = whole(view['byteLength'], 1);
    check(offset % size === 0 && stride % size === 0 && stride <= 252);
    check(inView + stride * (count - 1) + element <= length && offset - inView + length <= this.bytes.length);
    return { type: component, offset, stride, count, isNormalized: accessor['normalized'] === true };
  }

  private checkIndices({ type, offset, count }: Slice, vertices: number): void {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + offset);
    const [read, size] = [READERS[type]!, SIZES[type]!];
    for (let index = 0; index < count; index++) check(view[read](index * size, true) < vertices);
  }

  private material(index: unknown): Material {
    const json = index === undefined ? {} : this.item('materials', index);
    const material = only(json, 'pbrMetallicRoughness', 'emissiveFactor', 'alphaMode', 'doubleSided', 'extensions');
    const pbr = only(material['pbrMetallicRoughness'] ?? {}, 'baseColorFactor', 'metallicFactor', 'roughnessFactor');
    const extensions = only(material['extensions'] ?? {}, UNLIT);
    const isUnlit = UNLIT in extensions;
    const alphaMode = material['alphaMode'] ?? 'OPAQUE';
    check(alphaMode === 'OPAQUE' || alphaMode === 'BLEND');
    check(isUnlit || pbr['metallicFactor'] === 0); // metal mirrors what is not there yet
    const [red, green, blue, alpha] = numbers(pbr['baseColorFactor'] ?? [1, 1, 1, 1], 4) as [number, number, number, number];
    return {
      colour: [red, green, blue, alphaMode === 'BLEND' ? alpha : 1], // else it is ignored (section 3.9.4)
      emissive: vector(material['emissiveFactor'] ?? [0, 0, 0]),
      roughness: numbers([pbr['roughnessFactor'] ?? 1], 1)[0]!,
      isBlended: alphaMode === 'BLEND',
      isDoubleSided: material['doubleSided'] === true,
      isUnlit,
    };
  }

  private item(collection: string, index: unknown): Json {
    const items = list(this.root[collection]);
    return object(items[whole(index, 0)]);
  }
}

function check(holds: boolean): void {
  if (!holds) throw new RangeError('not a plain chunk');
}

function object(value: unknown): Json {
  check(typeof value === 'object' && value !== null && !Array.isArray(value));
  return value as Json;
}

/** An object that has none but these keys; names and extras change no picture. */
function only(value: unknown, ...keys: string[]): Json {
  const json = object(value);
  check(Object.keys(json).every((key) => key === 'name' || key === 'extras' || keys.includes(key)));
  return json;
}

function list(value: unknown): readonly unknown[] {
  check(Array.isArray(value));
  return value as unknown[];
}

function whole(value: unknown, least: number): number {
  check(Number.isSafeInteger(value) && (value as number) >= least);
  return value as number;
}

function numbers(value: unknown, count: number): number[] {
  const found = list(value);
  check(found.length === count && found.every((each) => Number.isFinite(each)));
  return found as number[];
}

function vector(value: unknown): Vector {
  return numbers(value, 3) as Vector;
}
