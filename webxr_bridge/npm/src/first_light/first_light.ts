/**
 * First light: the scene's coarsest chunk on the screen before three.js is fetched. It takes a tenth of the
 * bytes (`benchmarks/first_sight/`, `docs/adr/0010-first-light.md`). three.js goes on with the same canvas and context.
 */

import type { FirstSight } from '../messages';
import type { ScenePackage } from '../package';
import type { Surface } from '../surface';
import { type Chunk, readChunk } from './chunk';
import { Picture } from './picture';

/** So long the rest of the page waits for the chunk, or for a frame, which a hidden page does not get. */
const PATIENCE_MS = 3_000;

/**
 * Show the chunks of a first sight; gives the picture once it was handed to the screen. `null` where they
 * did not come, or hold what is not drawn here: three.js shows them then, or says what is wrong with them.
 */
export async function firstLight(surface: Surface, sight: FirstSight, source: ScenePackage): Promise<Picture | null> {
  const patience = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const chunks = await Promise.race([patience, read(sight, source).catch(() => null)]);
  if (!chunks) return null;
  let picture: Picture;
  try {
    picture = new Picture(surface, chunks, sight);
  } catch {
    return null; // no WebGL 2, a lost context, a compiler that refuses
  }
  await Promise.race([patience, shown(picture)]);
  return picture;
}

async function read(sight: FirstSight, source: ScenePackage): Promise<Chunk[] | null> {
  const files = await Promise.all(sight.first.map((path) => source.fetchAhead(path)));
  const chunks = files.map(readChunk).filter((chunk) => chunk !== null);
  return chunks.length === files.length ? chunks : null;
}

/** The frame after the first begins once that was handed to the screen. */
async function shown(picture: Picture): Promise<void> {
  await new Promise(requestAnimationFrame);
  picture.draw();
  performance.mark('branchxr-first-light'); // beside the browser's own marks, for whoever measures
  await new Promise(requestAnimationFrame);
}
