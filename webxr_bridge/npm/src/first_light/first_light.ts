/**
 * First light: the scene's coarsest chunk on the screen before three.js is fetched. It takes a tenth of the
 * bytes (`benchmarks/first_sight/`, `docs/adr/0010-first-light.md`). three.js goes on with the same canvas and context.
 */

import type { FirstSight } from '../messages';
import { ScenePackage } from '../package';
import type { Surface } from '../surface';
import { readChunk } from './chunk';
import { Picture } from './picture';

/** So long the rest of the page waits for a picture: a hidden page gets no frame, and a line may stall. */
const PATIENCE_MS = 3_000;

export class FirstLight {
  private readonly source: ScenePackage;
  private picture: Picture | null = null;
  private isTaken = false;

  /** Fetches at once, while a surface is opened. */
  constructor(private readonly sight: FirstSight) {
    this.source = new ScenePackage(new URL(sight.base, location.href), sight.files);
    for (const path of sight.first) void this.source.fetchAhead(path);
  }

  /** Files that are checked, or on their way, by path. */
  get ahead(): ScenePackage['ahead'] {
    return this.source.ahead;
  }

  /** Show it, and wait until it was handed to the screen, if that is soon; then fetch what tells of the scene. */
  async show(surface: Surface): Promise<void> {
    // What did not come, or has no WebGL 2, or a compiler that refuses: three.js shows it, or says what is wrong.
    const shown = this.draw(surface).catch(() => {});
    await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    if (this.isTaken) return;
    for (const path of Object.keys(this.sight.files)) void this.source.fetchAhead(path);
  }

  /** Hand over the picture, if there is one by now: from here on surface, its size and context are another's. */
  take(): Picture | null {
    this.isTaken = true;
    this.picture?.rest();
    return this.picture;
  }

  private async draw(surface: Surface): Promise<void> {
    const files = await Promise.all(this.sight.first.map((path) => this.source.fetchAhead(path)));
    const chunks = files.map(readChunk).filter((chunk) => chunk !== null);
    if (chunks.length < files.length || this.isTaken) return;
    this.picture = new Picture(surface, chunks, this.sight);
    await new Promise(requestAnimationFrame);
    if (this.isTaken) return;
    this.picture.draw();
    performance.mark('branchxr-first-light'); // beside the browser's own marks, for whoever measures
    await new Promise(requestAnimationFrame); // it begins once the one before was handed to the screen
  }
}
