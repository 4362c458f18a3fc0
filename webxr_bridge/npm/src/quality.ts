/**
 * How much drawing costs here. A machine without a graphics processor draws in software, some
 * hundred times slower: there the same hall is drawn with plain materials and one sun, at fewer
 * pixels, which is still a hall to walk in (measured: 0.8 frames a second before, 7 after, in 1280 x 720).
 */

import { type Material, Mesh, MeshLambertMaterial, MeshStandardMaterial, type Object3D } from 'three';

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export interface Quality {
  readonly isSoftware: boolean;
  readonly antialias: boolean;
  readonly largestRatio: number;
  readonly smallestRatio: number;
  /** Frames slower than this cost pixels. */
  readonly slowFrameMs: number;
  /** Frames quicker than this win pixels back: the first ones are slow everywhere. */
  readonly quickFrameMs: number;
}

/** A canvas, and its context where that is made already. */
export interface Surface {
  readonly canvas: HTMLCanvasElement;
  readonly context: WebGL2RenderingContext | null;
  readonly quality: Quality;
}

/**
 * Make a canvas, and look at what draws on it. Software, where a context takes some hundred milliseconds,
 * goes on with that one; a graphics processor gets another, which smooths edges: a context cannot change.
 */
export function openSurface(make: () => HTMLCanvasElement): Surface {
  const canvas = make();
  const context = canvas.getContext('webgl2', { antialias: false, stencil: false, powerPreference: 'high-performance' });
  const quality = qualityOf(context);
  if (quality.isSoftware) return { canvas, context, quality };
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return { canvas: make(), context: null, quality };
}

function qualityOf(context: WebGL2RenderingContext | null): Quality {
  const named = context?.getExtension('WEBGL_debug_renderer_info');
  const renderer = named ? String(context!.getParameter(named.UNMASKED_RENDERER_WEBGL)) : '';
  const isSoftware = SOFTWARE.test(renderer);
  return {
    isSoftware,
    antialias: !isSoftware,
    largestRatio: isSoftware ? 1 : Math.min(window.devicePixelRatio || 1, 2),
    // Measured with 12 bodies at 1280 x 720 on two busy cores: 172 ms at 1, 119 at 0.8, 82 at 0.6,
    // which looks like blocks. Walking is the same at 8 frames a second as at 12.
    smallestRatio: isSoftware ? 0.8 : 0.7,
    slowFrameMs: isSoftware ? 200 : 45,
    quickFrameMs: isSoftware ? 130 : 18,
  };
}

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
