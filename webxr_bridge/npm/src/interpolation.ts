/**
 * Bodies between their samples; the same rules as `branchxr.protocol.interpolation`, and a test
 * holds both against each other.
 *
 * What is shown is now minus the fastest way a frame took, minus one interval, minus the 95th
 * percentile of jitter, minus how old this body's samples are when they are sent. Between two
 * samples: linear, and normalised linear for rotations. After the newest: straight on for 100 ms.
 */

import { type Body, type CellFrame, type CellRecord, TELEPORT, TICK_MS } from './frames';
import type { Quaternion, Vector } from './messages';

const RING = 4;
const START_DELAY_MS = 70;
const EXTRAPOLATE_MS = 100;
const MAX_DELAY_MS = 500;
const MAX_AGE_MS = 255;
/** Farther than anybody goes between two samples: a teleport even if its flag was lost. */
const JUMP_M = 3;
/** A gap of more intervals than this was a rest, not a slow movement. */
const REST_INTERVALS = 4;
/** Samples nearer than this are the same one, sent again in a complete frame. */
const SAME_MS = 5;
const JITTER_WINDOW = 128;
const JITTER_AT_LEAST = 16;
const LAG_DECAY = 0.98;

export interface Sample {
  slot: number;
  flags: number;
  /** Height of the floor under the body, scene metres. */
  floorY: number;
  body: Body;
}

interface Timed {
  at: number;
  body: Body;
}

interface Track {
  cell: number;
  floorY: number;
  flags: number;
  lagMs: number;
  /** Always four, oldest first. */
  ring: Timed[];
}

export class Interpolator {
  private readonly tracks = new Map<number, Track>();
  private readonly transits: number[] = [];
  private fastestMs = 0;
  private jitterMs: number | null = null;

  /** `originOf`: where the axes of a cell begin, in scene axes. */
  constructor(private readonly originOf: (cell: number) => Vector) {}

  /** How far in the past bodies are shown, beside the age of their samples. */
  get delayMs(): number {
    return this.jitterMs === null ? START_DELAY_MS : Math.min(MAX_DELAY_MS, TICK_MS + this.jitterMs);
  }

  feed(frame: CellFrame, nowMs: number): void {
    this.noteTransit(nowMs - frame.packedMs);
    if (frame.isComplete) {
      const listed = new Set(frame.records.map(({ slot }) => slot));
      for (const [slot, track] of this.tracks) {
        if (track.cell === frame.cell && !listed.has(slot)) this.tracks.delete(slot);
      }
    }
    const origin = this.originOf(frame.cell);
    for (const record of frame.records) this.take(record, frame, origin);
  }

  remove(slot: number): void {
    this.tracks.delete(slot);
  }

  clear(): void {
    this.tracks.clear();
    this.transits.length = 0;
    this.jitterMs = null;
  }

  /** All bodies as they are to be shown at an instant of the page's clock. */
  *sample(nowMs: number): Generator<Sample> {
    for (const [slot, track] of this.tracks) {
      const shownMs = nowMs - this.fastestMs - this.delayMs - track.lagMs;
      yield { slot, flags: track.flags, floorY: track.floorY, body: bodyAt(track.ring, shownMs) };
    }
  }

  private take(record: CellRecord, frame: CellFrame, origin: Vector): void {
    const at = frame.packedMs - record.ageMs;
    const known = this.tracks.get(record.slot);
    if (known && at <= known.ring[RING - 1]!.at + SAME_MS) {
      known.cell = frame.cell;
      return;
    }
    const body = moved(record, origin);
    const isJump =
      !known || (record.flags & TELEPORT) !== 0 || distance(known.ring[RING - 1]!.body.head, body.head) > JUMP_M;
    const track: Track = known ?? { cell: 0, floorY: 0, flags: 0, lagMs: 0, ring: [] };
    if (record.ageMs < MAX_AGE_MS) track.lagMs = Math.max(record.ageMs, track.lagMs * LAG_DECAY);
    if (isJump) track.ring = Array.from({ length: RING }, () => ({ at, body }));
    else {
      const newest = track.ring[RING - 1]!;
      // It stood still until just now: let the movement begin one interval ago.
      if (at - newest.at > REST_INTERVALS * TICK_MS) newest.at = at - TICK_MS;
      track.ring.push({ at, body });
      track.ring.shift();
    }
    Object.assign(track, { cell: frame.cell, floorY: origin[1], flags: record.flags });
    this.tracks.set(record.slot, track);
  }

  /** Learn how long frames take; only differences count, clocks need not agree. */
  private noteTransit(transitMs: number): void {
    this.transits.push(transitMs);
    if (this.transits.length > JITTER_WINDOW) this.transits.shift();
    this.fastestMs = Math.min(...this.transits);
    if (this.transits.length < JITTER_AT_LEAST) return;
    const late = this.transits.map((transit) => transit - this.fastestMs).sort((a, b) => a - b);
    this.jitterMs = late[Math.floor(late.length * 0.95)]!;
  }
}

function bodyAt(ring: readonly Timed[], shownMs: number): Body {
  const passed = ring.slice(0, -1).filter(({ at }) => at <= shownMs).length;
  const segment = Math.min(RING - 2, Math.max(0, passed - 1));
  const [from, to] = [ring[segment]!, ring[segment + 1]!];
  const spanMs = Math.max(to.at - from.at, 1);
  // Two samples that came close together say little about speed: at most three spans on.
  const limit = 1 + Math.min(EXTRAPOLATE_MS / spanMs, 3);
  return blend(from.body, to.body, Math.min(limit, Math.max(0, (shownMs - from.at) / spanMs)));
}

function moved(body: Body, origin: Vector): Body {
  const place = (v: Vector): Vector => [v[0] + origin[0], v[1] + origin[1], v[2] + origin[2]];
  const { headRotation, leftRotation, rightRotation } = body;
  return {
    head: place(body.head), headRotation,
    left: place(body.left), leftRotation,
    right: place(body.right), rightRotation,
  };
}

function blend(a: Body, b: Body, share: number): Body {
  return {
    head: lerp(a.head, b.head, share),
    headRotation: nlerp(a.headRotation, b.headRotation, share),
    left: lerp(a.left, b.left, share),
    leftRotation: nlerp(a.leftRotation, b.leftRotation, share),
    right: lerp(a.right, b.right, share),
    rightRotation: nlerp(a.rightRotation, b.rightRotation, share),
  };
}

function lerp(a: Vector, b: Vector, share: number): Vector {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** Turn from one rotation towards another the short way, and normalise. */
function nlerp(a: Quaternion, b: Quaternion, share: number): Quaternion {
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const towards = dot < 0 ? -share : share;
  const mixed = a.map((value, i) => value * (1 - share) + b[i]! * towards);
  const length = Math.hypot(...mixed);
  // Extrapolated halves of opposite rotations may cancel out: keep the start then.
  return length > 1e-6 ? (mixed.map((value) => value / length) as Quaternion) : a;
}

function distance(a: Vector, b: Vector): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
