/** The live tile: lights, skinned figures and nodes that move, loaded whole and apart. */

import { AnimationMixer, Group, type Object3D, Quaternion, Vector3 } from 'three';
import type { GLTF } from 'three/addons/loaders/GLTFLoader.js';
import type { ScenePackage } from './package';
import type { SceneLoader } from './scene_loader';

/** Clips that run by themselves; others wait for whatever they belong to. */
const AMBIENT = /idle|loop|ambient/i;

interface NodeJson {
  name?: string;
  children?: number[];
}

export class Live {
  readonly group = new Group();
  private mixer: AnimationMixer | null = null;
  private readonly nodes = new Map<string, Object3D>();

  async load(source: ScenePackage, uri: string, loader: SceneLoader): Promise<void> {
    const bytes = await source.fetch(source.address(uri));
    const gltf = await loader.parseAsync(bytes, '');
    this.indexPaths(gltf);
    this.group.add(gltf.scene);
    const ambient = gltf.animations.filter((clip) => AMBIENT.test(clip.name));
    if (!ambient.length) return;
    this.mixer = new AnimationMixer(gltf.scene);
    for (const clip of ambient) this.mixer.clipAction(clip).play();
  }

  update(dt: number): void {
    this.mixer?.update(dt);
  }

  /** Put nodes at positions and rotations in scene axes; unknown paths are ignored. */
  move(paths: readonly string[], positions: readonly number[], rotations: readonly number[]): void {
    paths.forEach((path, index) => {
      const node = this.nodes.get(path);
      if (!node?.parent) return;
      const position = new Vector3().fromArray(positions as number[], index * 3);
      node.position.copy(node.parent.worldToLocal(position));
      if (!rotations.length) return;
      const rotation = new Quaternion().fromArray(rotations as number[], index * 4);
      const parent = node.parent.getWorldQuaternion(new Quaternion()).invert();
      node.quaternion.copy(parent.multiply(rotation));
    });
  }

  /** The path of the nearest named ancestor of a hit, or `null`. */
  pathOf(object: Object3D | null): string | null {
    for (let node = object; node; node = node.parent) {
      for (const [path, known] of this.nodes) if (known === node) return path;
    }
    return null;
  }

  /** Paths as in `branch.json`: names joined by `/`, `~1` for a slash, `#n` for twins. */
  private indexPaths(gltf: GLTF): void {
    const json = gltf.parser.json as { nodes?: NodeJson[]; scenes?: { nodes?: number[] }[]; scene?: number };
    const paths = new Map<number, string>();
    const visit = (indices: readonly number[], prefix: string): void => {
      const names = siblingNames(indices.map((index) => json.nodes?.[index]?.name ?? ''));
      indices.forEach((index, place) => {
        const path = prefix + names[place]!;
        paths.set(index, path);
        visit(json.nodes?.[index]?.children ?? [], `${path}/`);
      });
    };
    visit(json.scenes?.[json.scene ?? 0]?.nodes ?? [], '');
    for (const [object, reference] of gltf.parser.associations) {
      const node = (reference as { nodes?: number }).nodes;
      const path = node === undefined ? undefined : paths.get(node);
      if (path !== undefined) this.nodes.set(path, object as Object3D);
    }
  }
}

function siblingNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const escaped = name.replaceAll('/', '~1');
    const count = (seen.get(escaped) ?? 0) + 1;
    seen.set(escaped, count);
    return count > 1 || !escaped ? `${escaped}#${count}` : escaped;
  });
}
