/**
 * Reads chunks. What a compressed one needs is fetched when the first of its kind comes, so that
 * nothing of it stands before first sight: the coarsest chunk is quantised only. Brotli: Draco 59 kB,
 * meshopt 7, KTX2 216, and three's part of each 3, 0.4, 21 (`npm run build` prints them).
 */

import type { WebGLRenderer } from 'three';
import { type GLTF, GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';

const CHUNK_HEADER_BYTES = 20; // GLB 2.0: 12 bytes of header, length and type of the JSON chunk

/** Gives a loader what it needs for an extension. */
type Prepare = (loader: GLTFLoader, renderer: WebGLRenderer) => Promise<void>;

const meshopt: Prepare = async (loader) => {
  const { MeshoptWorkerDecoder } = await import('./decoders/meshopt');
  // The declared type lists the whole library; glTF needs these three (GLTFMeshoptCompression).
  loader.setMeshoptDecoder(new MeshoptWorkerDecoder() as unknown as Parameters<GLTFLoader['setMeshoptDecoder']>[0]);
};

const DECODERS: Readonly<Record<string, Prepare>> = {
  EXT_meshopt_compression: meshopt,
  KHR_meshopt_compression: meshopt,
  KHR_draco_mesh_compression: async (loader) => {
    const { DracoWorkerLoader } = await import('./decoders/draco');
    loader.setDRACOLoader(new DracoWorkerLoader());
  },
  KHR_texture_basisu: async (loader, renderer) => {
    const { Ktx2WorkerLoader } = await import('./decoders/ktx2');
    loader.setKTX2Loader(new Ktx2WorkerLoader().detectSupport(renderer));
  },
};

export class SceneLoader extends GLTFLoader {
  private readonly prepared = new Map<Prepare, Promise<void>>();

  constructor(private readonly renderer: WebGLRenderer) {
    super();
  }

  override parse(
    data: ArrayBuffer | string,
    path: string,
    onLoad: (gltf: GLTF) => void,
    onError: (error: ErrorEvent) => void = () => {}, // three declares an event, and gives errors
  ): void {
    const wanted = typeof data === 'string' ? [] : extensionsOf(data).map((name) => DECODERS[name]);
    Promise.all(wanted.map((prepare) => prepare && this.prepareOnce(prepare)))
      .then(() => super.parse(data, path, onLoad, onError))
      .catch(onError);
  }

  private prepareOnce(prepare: Prepare): Promise<void> {
    let ready = this.prepared.get(prepare);
    if (!ready) {
      ready = prepare(this, this.renderer);
      this.prepared.set(prepare, ready);
      ready.catch(() => this.prepared.delete(prepare)); // the next chunk tries again
    }
    return ready;
  }
}

/** `extensionsUsed` of a GLB; a file that is none says so when it is parsed. */
export function extensionsOf(glb: ArrayBuffer): string[] {
  if (glb.byteLength < CHUNK_HEADER_BYTES) return [];
  const length = new DataView(glb).getUint32(12, true);
  if (length > glb.byteLength - CHUNK_HEADER_BYTES) return [];
  try {
    const text = new TextDecoder().decode(new Uint8Array(glb, CHUNK_HEADER_BYTES, length));
    const used: unknown = (JSON.parse(text) as { extensionsUsed?: unknown }).extensionsUsed;
    return Array.isArray(used) ? used.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}
