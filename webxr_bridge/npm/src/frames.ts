/**
 * Cell frames and uplink poses, byte by byte as in `docs/protocol.md`; the same rules as
 * `branchxr.protocol.frames` and `.pose`, held together by `tests/vectors/cell_frames.json`.
 */

import type { Quaternion, Vector } from './messages';

export const KEY = 0x01;
export const UPLINK = 0x10;
const HEADER_BYTES = 12;
const RECORD_BYTES = 34;
export const UPLINK_BYTES = 38;

const FRAME_KEY = 1 << 0;
const FRAME_COMPLETE = 1 << 3;
/** 20 Hz: `tick = floor(server monotonic ms / 50)`. */
export const TICK_MS = 50;

export const HANDS = 1 << 0;
export const TRACKED = 1 << 1;
export const TELEPORT = 1 << 2;
export const SEATED = 1 << 4;

const SQRT2 = Math.SQRT2;
/** 511 steps on either side of zero, so that zero is exact. */
const STEPS = 511;

/** Head and hands from the cell's origin, in scene axes; metres. */
export interface Body {
  head: Vector;
  headRotation: Quaternion;
  left: Vector;
  leftRotation: Quaternion;
  right: Vector;
  rightRotation: Quaternion;
}

export interface CellRecord extends Body {
  slot: number;
  flags: number;
  /** How old the pose was at the tick, milliseconds. */
  ageMs: number;
}

export interface CellFrame {
  /** Slots of this cell that are not listed are gone. */
  isComplete: boolean;
  cell: number;
  tick: number;
  /** When it was packed, by the server's monotonic milliseconds. */
  packedMs: number;
  records: CellRecord[];
}

export class FrameRefused extends Error {
  constructor(readonly code: 'frame_type' | 'frame_length' | 'frame_flags' | 'frame_order') {
    super(code);
  }
}

/** Read a cell frame; positions are from the cell's origin. Throws `FrameRefused`. */
export function parseFrame(bytes: ArrayBuffer): CellFrame {
  const view = new DataView(bytes);
  if (!bytes.byteLength || view.getUint8(0) !== KEY) throw new FrameRefused('frame_type');
  if (bytes.byteLength < HEADER_BYTES) throw new FrameRefused('frame_length');
  const count = view.getUint16(8, true);
  if (bytes.byteLength !== HEADER_BYTES + count * RECORD_BYTES) {
    throw new FrameRefused('frame_length');
  }
  if ((view.getUint8(1) & ~FRAME_COMPLETE) !== FRAME_KEY) throw new FrameRefused('frame_flags');
  const records: CellRecord[] = [];
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * RECORD_BYTES;
    records.push({
      slot: view.getUint16(at, true),
      flags: view.getUint8(at + 2),
      ageMs: view.getUint8(at + 3),
      ...readBody(view, at + 4),
    });
  }
  if (records.some((record, index) => index > 0 && record.slot <= records[index - 1]!.slot)) {
    throw new FrameRefused('frame_order');
  }
  const tick = view.getUint32(4, true);
  const tickStartMs = tick * TICK_MS;
  return {
    isComplete: (view.getUint8(1) & FRAME_COMPLETE) !== 0,
    cell: view.getUint16(2, true),
    tick,
    // The header has the low 16 bits; the tick is the timeline they belong to.
    packedMs: tickStartMs + ((view.getUint16(10, true) - (tickStartMs & 0xffff)) & 0xffff),
    records,
  };
}

/** Write an uplink pose, 38 bytes. `body` is in the axes of the cell's origin. */
export function packUplink(
  body: Body,
  options: { cell: number; flags: number; clientMs: number },
): ArrayBuffer {
  const bytes = new ArrayBuffer(UPLINK_BYTES);
  const view = new DataView(bytes);
  view.setUint8(0, UPLINK);
  view.setUint8(1, options.flags);
  view.setUint16(2, options.cell, true);
  view.setUint32(4, options.clientMs >>> 0, true);
  writeBody(view, 8, body, (options.flags & HANDS) !== 0);
  return bytes;
}

function readBody(view: DataView, at: number): Body {
  const head = readMillimetres(view, at, [0, 0, 0]);
  return {
    head: metres(head),
    headRotation: unpackRotation(view.getUint32(at + 6, true)),
    left: metres(readMillimetres(view, at + 10, head)),
    leftRotation: unpackRotation(view.getUint32(at + 16, true)),
    right: metres(readMillimetres(view, at + 20, head)),
    rightRotation: unpackRotation(view.getUint32(at + 26, true)),
  };
}

/** A hand is its own rounded millimetres minus the head's: at rest it stays at rest. */
function writeBody(view: DataView, at: number, body: Body, hasHands: boolean): void {
  const head = body.head.map(millimetres).map(clamp) as Vector;
  writeVector(view, at, head);
  view.setUint32(at + 6, packRotation(body.headRotation), true);
  const hands = [
    [at + 10, body.left, body.leftRotation],
    [at + 20, body.right, body.rightRotation],
  ] as const;
  for (const [place, position, rotation] of hands) {
    if (hasHands) writeVector(view, place, position.map((m, i) => millimetres(m) - head[i]!));
    view.setUint32(place + 6, packRotation(hasHands ? rotation : [0, 0, 0, 1]), true);
  }
}

function readMillimetres(view: DataView, at: number, from: Vector): Vector {
  return [
    view.getInt16(at, true) + from[0],
    view.getInt16(at + 2, true) + from[1],
    view.getInt16(at + 4, true) + from[2],
  ];
}

function metres(mm: Vector): Vector {
  return [mm[0] / 1000, mm[1] / 1000, mm[2] / 1000];
}

function writeVector(view: DataView, at: number, mm: readonly number[]): void {
  for (let axis = 0; axis < 3; axis++) view.setInt16(at + axis * 2, clamp(mm[axis]!), true);
}

/** `floor(x + 0.5)`: the one rounding that all the languages share. */
export function millimetres(metres: number): number {
  return Math.floor(metres * 1000 + 0.5);
}

function clamp(mm: number): number {
  return Math.max(-32768, Math.min(32767, mm));
}

/** Pack a unit quaternion as smallest-three, 32 bits. */
export function packRotation(rotation: Quaternion): number {
  let largest = 0;
  for (let i = 1; i < 4; i++) {
    if (Math.abs(rotation[i]!) > Math.abs(rotation[largest]!)) largest = i;
  }
  const sign = rotation[largest]! < 0 ? -1 : 1;
  let bits = largest;
  for (let i = 0; i < 4; i++) {
    if (i === largest) continue;
    const step = STEPS + Math.floor(sign * rotation[i]! * SQRT2 * STEPS + 0.5);
    bits = bits * 1024 + Math.max(0, Math.min(2 * STEPS, step));
  }
  return bits >>> 0;
}

/** Unpack smallest-three into a unit quaternion `x y z w`, whatever the bits are. */
export function unpackRotation(bits: number): Quaternion {
  const largest = bits >>> 30;
  const small = [20, 10, 0].map((shift) => (((bits >>> shift) & 1023) - STEPS) / (SQRT2 * STEPS));
  const square = small.reduce((sum, component) => sum + component * component, 0);
  // No honest sender exceeds 1, but the bits can: then the largest is 0 and the rest is scaled.
  const scale = 1 / Math.sqrt(Math.max(1, square));
  const rotation = small.map((component) => component * scale);
  rotation.splice(largest, 0, Math.sqrt(Math.max(0, 1 - square)));
  return rotation as Quaternion;
}
