/**
 * Bodies between frames: a ring of four poses each, shown a little late so that there is nearly
 * always one pose before and one after. Times are the server's, estimated from the frames.
 */

import { type Body, type CellFrame, TELEPORT } from './frames';
import type { Quaternion, Vector } from './messages';

const RING = 4;
const INTERVAL_MS = 50;
const START_DELAY_MS = 70;
const MAX_DELAY_MS = 250;
/** Go on in the same direction this long when frames stop coming, then hold. */
const EXTRAPOLATE_MS = 100;
/** Bodies of which nothing was heard go: complete frames come every 2 s. */
const FORGET_MS = 8_000;
const JITTER_SAMPLES = 64;

export interface Sample {
  slot: number;
  flags: number;
  /** Height of the floor under the body, scene metres. */
  floorY: number;
  body: Body;
}

interface Timed {
  at: number;
  flags: number;
  body: Body;
}

interface Track {
  cell: number;
  floorY: number;
  poses: Timed[];
  heardAt: number;
}

export class Interpolator {
  private readonly tracks = new Map<number, Track>();
  private readonly jitter: number[] = [];
  /** Page clock minus server clock for the quickest frames seen; `null` before the first. */
  private offset: number | null = null;
  private delay = START_DELAY_MS;

  /** Cells by id: where their axes begin. */
  constructor(private readonly originOf: (cell: number) => Vector) {}

  /** The server's monotonic milliseconds now, as far as known. */
  serverNow(nowMs: number): number {
    return nowMs - (this.offset ?? nowMs);
  }

  feed(frame: CellFrame, nowMs: number): void {
    this.hear(nowMs - frame.packedMs);
    const origin = this.originOf(frame.cell);
    const listed = new Set<number>();
    for (const record of frame.records) {
      listed.add(record.slot);
      const pose = { at: frame.packedMs - record.ageMs, flags: record.flags, body: moved(record, origin) };
      this.keep(record.slot, frame.cell, origin[1], pose, nowMs);
    }
    if (!frame.isComplete) return;
    for (const [slot, track] of this.tracks) {
      if (track.cell === frame.cell && !listed.has(slot)) this.tracks.delete(slot);
    }
  }

  remove(slot: number): void {
    this.tracks.delete(slot);
  }

  clear(): void {
    this.tracks.clear();
    this.offset = null;
    this.jitter.length = 0;
    this.delay = START_DELAY_MS;
  }

  /** The newest pose of a slot as it was received, or `undefined`. */
  latest(slot: number): Timed | undefined {
    return this.tracks.get(slot)?.poses.at(-1);
  }

  *sample(nowMs: number): Generator<Sample> {
    const showAt = this.serverNow(nowMs) - this.delay;
    for (const [slot, track] of this.tracks) {
      if (nowMs - track.heardAt > FORGET_MS) {
        this.tracks.delete(slot);
        continue;
      }
      const last = track.poses.at(-1)!;
      yield { slot, flags: last.flags, floorY: track.floorY, body: bodyAt(track.poses, showAt) };
    }
  }

  private keep(slot: number, cell: number, floorY: number, pose: Timed, nowMs: number): void {
    const track = this.tracks.get(slot) ?? { cell, floorY, poses: [], heardAt: nowMs };
    this.tracks.set(slot, track);
    const last = track.poses.at(-1);
    // A complete frame repeats a pose that is known: no new point in time.
    if (last && pose.at <= last.at) pose.at = last.at + 1;
    if (pose.flags & TELEPORT) track.poses.length = 0;
    track.poses.push(pose);
    if (track.poses.length > RING) track.poses.shift();
    Object.assign(track, { cell, floorY, heardAt: nowMs });
  }

  /** Learn how late frames come: the quickest sets the clock, the spread sets the delay. */
  private hear(lag: number): void {
    // The floor creeps up by 0.02 ms a frame, so that a clock that drifts is followed.
    this.offset = this.offset === null ? lag : Math.min(this.offset + 0.02, lag);
    this.jitter.push(lag - this.offset);
    if (this.jitter.length > JITTER_SAMPLES) this.jitter.shift();
    const sorted = [...this.jitter].sort((a, b) => a - b);
    const p95 = sorted[Math.floor((sorted.length - 1) * 0.95)]!;
    const wanted = Math.min(MAX_DELAY_MS, Math.max(START_DELAY_MS, INTERVAL_MS + p95));
    this.delay += (wanted - this.delay) * 0.05;
  }
}

function moved(body: Body, origin: Vector): Body {
  const place = (v: Vector): Vector => [v[0] + origin[0], v[1] + origin[1], v[2] + origin[2]];
  return { ...body, head: place(body.head), left: place(body.left), right: place(body.right) };
}

function bodyAt(poses: readonly Timed[], at: number): Body {
  let after = poses.findIndex((pose) => pose.at >= at);
  if (after === 0 || poses.length === 1) return poses[0]!.body;
  if (after < 0) after = poses.length - 1;
  const [from, to] = [poses[after - 1]!, poses[after]!];
  const time = Math.min(at, to.at + EXTRAPOLATE_MS);
  return blend(from.body, to.body, (time - from.at) / Math.max(1, to.at - from.at));
}

function blend(a: Body, b: Body, t: number): Body {
  return {
    head: lerp(a.head, b.head, t),
    headRotation: nlerp(a.headRotation, b.headRotation, t),
    left: lerp(a.left, b.left, t),
    leftRotation: nlerp(a.leftRotation, b.leftRotation, t),
    right: lerp(a.right, b.right, t),
    rightRotation: nlerp(a.rightRotation, b.rightRotation, t),
  };
}

function lerp(a: Vector, b: Vector, t: number): Vector {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

function nlerp(a: Quaternion, b: Quaternion, t: number): Quaternion {
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const sign = dot < 0 ? -1 : 1;
  const mixed = a.map((value, i) => value + (sign * b[i]! - value) * t);
  const length = Math.hypot(...mixed) || 1;
  return mixed.map((value) => value / length) as Quaternion;
}
