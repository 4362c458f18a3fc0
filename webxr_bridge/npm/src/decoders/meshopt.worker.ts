/** The worker behind `meshopt.ts`. */

import { MeshoptDecoder } from 'three/addons/libs/meshopt_decoder.module.js';
import type { MeshoptDone, MeshoptJob } from './meshopt';

const answer = (done: MeshoptDone, transfer: Transferable[] = []): void => self.postMessage(done, { transfer });

self.onmessage = async ({ data }: MessageEvent<MeshoptJob>) => {
  const { id, count, size, source, mode, filter } = data;
  try {
    await MeshoptDecoder.ready;
    const target = new Uint8Array(count * size);
    MeshoptDecoder.decodeGltfBuffer(target, count, size, source, mode, filter);
    answer({ id, target }, [target.buffer]);
  } catch (error) {
    answer({ id, error: String(error) });
  }
};
