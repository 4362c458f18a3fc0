/** three's KTX2 loader with its worker from a file (see `workers.ts`). */

import { KTX2Loader } from 'three/addons/loaders/KTX2Loader.js';
import { WORKERS_MAX, workerUrl } from './workers';

export class Ktx2WorkerLoader extends KTX2Loader {
  constructor() {
    super();
    this.transcoderPending = Promise.resolve(); // nothing to fetch and glue together
    this.workerPool.setWorkerLimit(WORKERS_MAX);
    this.workerPool.setWorkerCreator(() => {
      const worker = new Worker(workerUrl('ktx2.worker.js'));
      worker.postMessage({ type: 'init', config: this.workerConfig });
      worker.onerror = () => {
        const data = { type: 'error', error: new Error('the KTX2 decoder did not start'), data: {} };
        worker.dispatchEvent(new MessageEvent('message', { data })); // three waits for ever otherwise
      };
      return worker;
    });
  }
}
