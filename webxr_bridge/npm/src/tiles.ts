/** The package's levels of detail, streamed by `3d-tiles-renderer` with every byte checked. */

import { TilesRenderer } from '3d-tiles-renderer/three';
import {
  type Camera,
  type Group,
  type Material,
  Mesh,
  MeshPhysicalMaterial,
  type Object3D,
  type WebGLRenderer,
} from 'three';
import type { ScenePackage } from './package';
import type { SceneLoader } from './scene_loader';

interface TileJson {
  extras?: { role?: string };
  content?: { uri: string };
  children?: TileJson[];
}

/** A tile as the library keeps it. */
interface TileNode {
  parent: TileNode | null;
  children: TileNode[];
  refine?: string;
}

export class Tiles {
  private readonly renderer: TilesRenderer;
  private liveUri: string | null = null;
  private first: 'waiting' | 'shown' | 'drawn' | 'seen' = 'waiting';
  private hasAsked = false;
  private release!: () => void;
  /** Until something is in a picture, one chunk is fetched and no other shares the line with it. */
  private readonly held = new Promise<void>((resolve) => (this.release = resolve));

  constructor(
    private readonly source: ScenePackage,
    loader: SceneLoader,
    private readonly events: {
      prepare(root: Object3D): void;
      /** The first level is in a picture. */
      onFirst(): void;
      /** That picture has been seen; what there is of live things. */
      onSeen(liveUri: string | null): void;
      onError(text: string): void;
    },
  ) {
    const tiles = new TilesRenderer(source.address('tileset.json'));
    this.renderer = tiles;
    tiles.errorTarget = 2;
    tiles.manager.addHandler(/\.(gltf|glb)$/i, loader);
    // One after the other until something is seen: the coarse level is asked for first and gets the
    // whole line (three at once showed the finest level first now and then).
    tiles.downloadQueue.maxJobsPerOrigin = 1;
    tiles.registerPlugin({ name: 'BRANCHXR_CHECKED', fetchData: this.fetchData.bind(this) });
    tiles.addEventListener('load-model', ({ scene }) => this.events.prepare(scene));
    tiles.addEventListener('tile-visibility-change', ({ visible }) => {
      if (visible && this.first === 'waiting') this.first = 'shown';
    });
    tiles.addEventListener('load-error', ({ tile, error }) => {
      if (tile) bypass(tile as unknown as TileNode);
      this.events.onError(textOf(error));
    });
    // 3D Tiles is Z-up and the library turns glTF content for it; this turns the whole back.
    tiles.group.rotation.x = -Math.PI / 2;
  }

  get group(): Group {
    return this.renderer.group;
  }

  /** Whether the next picture will have something in it, or nothing is on its way there: one may look elsewhere. */
  get isReady(): boolean {
    if (this.first !== 'waiting') return true;
    const { root, downloadQueue, parseQueue, processNodeQueue } = this.renderer;
    return root !== null && ![downloadQueue, parseQueue, processNodeQueue].some(({ running }) => running);
  }

  get isSeen(): boolean {
    return this.first === 'seen';
  }

  update(camera: Camera, renderer: WebGLRenderer): void {
    this.renderer.setCamera(camera);
    this.renderer.setResolutionFromRenderer(camera, renderer);
    camera.updateMatrixWorld();
    this.renderer.update();
  }

  dispose(): void {
    this.release();
    this.renderer.dispose();
  }

  private async fetchData(url: string, options: RequestInit = {}): Promise<unknown> {
    if (!new URL(url).pathname.endsWith('.json')) return this.fetchChunk(url, options.signal ?? undefined);
    const bytes = await this.source.fetch(url, options.signal ?? undefined);
    const tileset = JSON.parse(new TextDecoder().decode(bytes)) as { root: TileJson };
    this.takeLive(tileset.root);
    return tileset;
  }

  private async fetchChunk(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    if (this.hasAsked) await this.held;
    this.hasAsked = true;
    try {
      return await this.source.fetch(url, signal);
    } catch (error) {
      this.release(); // the next level may be whole
      throw error;
    }
  }

  /** The live tile is loaded apart: its lights and bodies must not change with the detail. */
  private takeLive(root: TileJson): void {
    const live = root.children?.find((tile) => tile.extras?.role === 'live');
    if (!live) return;
    root.children = root.children!.filter((tile) => tile !== live);
    this.liveUri = live.content?.uri ?? null;
    if (!root.children.length) this.first = 'shown'; // nothing stands still: live is all there is
  }

  /**
   * After each picture. The one after the first with something in it begins once that was handed to the
   * screen: from then on all may load at once, and only then the live tile, which may need a decoder.
   */
  drawn(): void {
    if (this.first === 'shown') {
      this.first = 'drawn';
      this.events.onFirst();
    } else if (this.first === 'drawn') {
      this.first = 'seen';
      this.renderer.downloadQueue.maxJobsPerOrigin = 6;
      this.release();
      this.events.onSeen(this.liveUri);
    }
  }
}

/**
 * Draw glass as plain transparency: real transmission draws the whole scene once more, per eye,
 * and was most of the 3.7 s of the first draw in software.
 */
export function calm(root: Object3D): void {
  root.traverse((object) => {
    if (!(object instanceof Mesh)) return;
    const materials: Material[] = Array.isArray(object.material) ? object.material : [object.material];
    for (const material of materials) {
      if (!(material instanceof MeshPhysicalMaterial) || material.transmission <= 0) continue;
      material.transmission = 0;
      material.transparent = true;
      material.opacity = 0.22;
      material.depthWrite = false;
      material.roughness = Math.min(material.roughness, 0.1);
    }
  });
}

/** Loaders throw errors, worker messages with an `error`, or anything. */
function textOf(error: unknown): string {
  const inner = (error as { error?: unknown } | null)?.error ?? error;
  return inner instanceof Error ? inner.message : String(inner);
}

/**
 * The library takes a tile that failed for one that is there, and hides what it refines: a hole. What lies
 * below it refines the coarser level instead; where parts lie side by side, the coarser level stays.
 */
function bypass(tile: TileNode): void {
  const { parent } = tile;
  if (!parent) return;
  const others = parent.children.filter((other) => other !== tile);
  const isReplaceable = parent.refine === 'ADD' || !others.length;
  for (const child of tile.children) child.parent = parent;
  parent.children = isReplaceable ? [...others, ...tile.children] : [];
}
