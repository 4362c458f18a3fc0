/**
 * The scene package as this page reads it: every byte is checked against the hash that Python,
 * having verified the signed manifest, handed over. `tileset.json` and `branch.json` included.
 */

import type { FloorJson } from './floor';
import type { Quaternion, Vector } from './messages';

export interface Anchor {
  path: string;
  kind: string;
  position: Vector;
  rotation: Quaternion;
  [extra: string]: unknown;
}

export interface Cell {
  id: number;
  origin: Vector;
}

export interface BranchJson {
  anchors: Anchor[];
  nodes: { path: string; extras?: Record<string, unknown> }[];
  cells: Cell[];
  floor?: FloorJson | null;
}

export class PackageRefused extends Error {}

export class ScenePackage {
  constructor(
    readonly base: URL,
    private hashes: Readonly<Record<string, string>>,
    /** Files that were asked for before somebody needed them, by path; each is given out once. */
    readonly ahead = new Map<string, Promise<ArrayBuffer>>(),
  ) {}

  /** Whether this is that package, whose hashes are then taken over: they name more files. */
  adopt(base: URL, hashes: Readonly<Record<string, string>>): boolean {
    const isSame = base.href === this.base.href && hashes['tileset.json'] === this.hashes['tileset.json'];
    if (isSame) this.hashes = hashes;
    return isSame;
  }

  address(path: string): string {
    return new URL(path, this.base).href;
  }

  /** Fetch a file of the package by its address and check it. */
  async fetch(address: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    const path = this.pathOf(address);
    const coming = this.ahead.get(path);
    this.ahead.delete(path);
    const early = await coming?.catch(() => null); // what failed early is tried again
    if (early) return early;
    const wanted = this.hashes[path] ?? hashInName(path);
    if (!wanted) throw new PackageRefused(`${path} is not in the manifest`);
    const response = await fetch(address, signal ? { signal } : {});
    if (!response.ok) throw new PackageRefused(`${path}: ${response.status}`);
    const bytes = await response.arrayBuffer();
    if ((await sha256(bytes)) !== wanted) {
      throw new PackageRefused(`${path} is not the file that was signed`);
    }
    return bytes;
  }

  /** Begin to fetch a file that `fetch` will be asked for, or go on with it. */
  fetchAhead(path: string): Promise<ArrayBuffer> {
    const coming = this.ahead.get(path) ?? this.fetch(this.address(path));
    coming.catch(() => {}); // whoever needs it will hear of it
    this.ahead.set(path, coming);
    return coming;
  }

  async fetchJson<T>(path: string): Promise<T> {
    const bytes = await this.fetch(this.address(path));
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  }

  private pathOf(address: string): string {
    const url = new URL(address, this.base);
    if (url.origin !== this.base.origin || !url.pathname.startsWith(this.base.pathname)) {
      throw new PackageRefused('a file outside of the package');
    }
    return decodeURIComponent(url.pathname.slice(this.base.pathname.length));
  }
}

/** Chunks are named by their hash, and `tileset.json`, which names them, was checked. */
function hashInName(path: string): string | undefined {
  return /^c\/([0-9a-f]{64})\.glb$/.exec(path)?.[1];
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
