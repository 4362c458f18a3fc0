/** three's Draco loader with its worker from a file (see `workers.ts`). */

import { DRACOLoader } from 'three/addons/loaders/DRACOLoader.js';
import { WORKERS_MAX, workerUrl } from './workers';

/** What three 0.187 does not declare; the browser tests show a Draco chunk, and fail if it changes. */
interface Inside {
  decoderPending: Promise<void> | null;
  workerSourceURL: string;
}

type Answering = Worker & { _callbacks: Record<number, { reject(error: Error): void }> };

export class DracoWorkerLoader extends DRACOLoader {
  constructor() {
    super();
    const inside = this as unknown as Inside;
    inside.decoderPending = Promise.resolve(); // nothing to fetch and glue together
    inside.workerSourceURL = workerUrl('draco.worker.js');
    this.setWorkerLimit(WORKERS_MAX);
  }

  /** three waits for ever when a worker or its WebAssembly does not load. */
  async _getWorker(taskId: number, taskCost: number): Promise<Worker> {
    const getWorker = (DRACOLoader.prototype as unknown as Pick<DracoWorkerLoader, '_getWorker'>)._getWorker;
    const worker = (await getWorker.call(this, taskId, taskCost)) as Answering;
    worker.onerror = () => {
      for (const { reject } of Object.values(worker._callbacks)) reject(new Error('the Draco decoder did not start'));
    };
    return worker;
  }
}
