/** meshopt in a worker, as `GLTFLoader` asks for it. */

import { WORKERS_MAX, workerUrl } from './workers';

export interface MeshoptJob {
  id: number;
  count: number;
  size: number;
  source: Uint8Array;
  mode: string;
  filter: string;
}

export type MeshoptDone = { id: number; target: Uint8Array } | { id: number; error: string };

interface Waiting {
  resolve(target: Uint8Array): void;
  reject(error: Error): void;
}

export class MeshoptWorkerDecoder {
  readonly supported = true;
  readonly ready = Promise.resolve();
  private readonly workers: Worker[] = [];
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;

  decodeGltfBufferAsync(
    count: number, size: number, source: Uint8Array, mode: string, filter = 'NONE',
  ): Promise<Uint8Array> {
    const id = this.nextId++;
    const copy = source.slice(); // a view into the whole chunk, which stays here
    const job: MeshoptJob = { id, count, size, source: copy, mode, filter };
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.workerFor(id).postMessage(job, [copy.buffer]);
    });
  }

  private workerFor(id: number): Worker {
    const place = id % WORKERS_MAX;
    const known = this.workers[place];
    if (known) return known;
    const worker = new Worker(workerUrl('meshopt.worker.js'));
    worker.onmessage = ({ data }: MessageEvent<MeshoptDone>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('target' in data) waiting?.resolve(data.target);
      else waiting?.reject(new Error(data.error));
    };
    worker.onerror = () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the meshopt decoder did not start'));
      this.waiting.clear();
    };
    return (this.workers[place] = worker);
  }
}
