/** Nodes that a script made: primitives and puppets, by index and generation. */

import {
  BoxGeometry,
  CapsuleGeometry,
  ConeGeometry,
  Group,
  Mesh,
  MeshStandardMaterial,
  type Object3D,
  SphereGeometry,
} from 'three';

const NODES_MAX = 4096;

const MATERIAL = new MeshStandardMaterial({ color: '#3f7cbf', roughness: 0.55 });
const SHAPES: Record<string, () => Object3D> = {
  box: () => new Mesh(new BoxGeometry(0.5, 0.5, 0.5), MATERIAL),
  sphere: () => new Mesh(new SphereGeometry(0.25, 24, 16), MATERIAL),
  marker: () => new Mesh(new ConeGeometry(0.16, 0.4, 24).rotateX(Math.PI).translate(0, 0.2, 0), MATERIAL),
  puppet: () => {
    const body = new Mesh(new CapsuleGeometry(0.2, 1.0, 6, 20).translate(0, 0.72, 0), MATERIAL);
    body.add(new Mesh(new SphereGeometry(0.13, 20, 14).translate(0, 1.58, 0), MATERIAL));
    return body;
  },
};

export class Nodes {
  readonly group = new Group();
  private readonly nodes = new Map<number, { generation: number; object: Object3D }>();

  spawn(model: string, ids: readonly [number, number][], positions: number[], rotations: number[]): void {
    const make = SHAPES[model];
    if (!make) return;
    ids.forEach(([index, generation], place) => {
      const old = this.nodes.get(index);
      old?.object.removeFromParent();
      if (!old && this.nodes.size >= NODES_MAX) return;
      const object = make();
      object.userData['node'] = [index, generation];
      this.nodes.set(index, { generation, object });
      this.group.add(object);
      put(object, place, positions, rotations);
    });
  }

  move(ids: readonly [number, number][], positions: number[], rotations: number[]): void {
    ids.forEach(([index, generation], place) => {
      const node = this.nodes.get(index);
      if (node?.generation === generation) put(node.object, place, positions, rotations);
    });
  }

  remove(ids: readonly [number, number][]): void {
    for (const [index, generation] of ids) {
      const node = this.nodes.get(index);
      if (node?.generation !== generation) continue;
      node.object.removeFromParent();
      node.object.traverse((part) => part instanceof Mesh && part.geometry.dispose());
      this.nodes.delete(index);
    }
  }

  clear(): void {
    this.remove([...this.nodes].map(([index, { generation }]) => [index, generation]));
  }

  /** Which node a hit belongs to, or `null`. */
  static idOf(object: Object3D | null): [number, number] | null {
    for (let node = object; node; node = node.parent) {
      const id = node.userData['node'] as [number, number] | undefined;
      if (id) return id;
    }
    return null;
  }
}

function put(object: Object3D, place: number, positions: number[], rotations: number[]): void {
  object.position.fromArray(positions, place * 3);
  if (rotations.length) object.quaternion.fromArray(rotations, place * 4);
}
