/**
 * A machine without a graphics processor draws in software, some hundred times slower: there the same
 * hall is drawn with plain materials and one sun, at fewer pixels, which is still a hall to walk in
 * (measured: 0.8 frames a second before, 7 after, in 1280 x 720).
 */

import { type Material, Mesh, MeshLambertMaterial, MeshStandardMaterial, type Object3D } from 'three';

/** Replace physically based materials by ones that cost a tenth; colours and pictures stay. */
export function simplify(root: Object3D): void {
  const done = new Map<Material, Material>();
  root.traverse((object) => {
    if (!(object instanceof Mesh)) return;
    const plain = (material: Material): Material => {
      if (!(material instanceof MeshStandardMaterial)) return material;
      const known = done.get(material);
      if (known) return known;
      const made = new MeshLambertMaterial({
        name: material.name,
        color: material.color,
        map: material.map,
        emissive: material.emissive,
        emissiveMap: material.emissiveMap,
        emissiveIntensity: Math.min(1, material.emissiveIntensity),
        alphaTest: material.alphaTest,
        transparent: material.transparent,
        opacity: material.opacity,
        depthWrite: material.depthWrite,
        side: material.side,
        vertexColors: material.vertexColors,
        flatShading: material.flatShading,
      });
      done.set(material, made);
      material.dispose();
      return made;
    };
    object.material = Array.isArray(object.material) ? object.material.map(plain) : plain(object.material as Material);
  });
}
