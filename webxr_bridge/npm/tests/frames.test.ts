import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameRefused, millimetres, packRotation, packUplink, parseFrame, unpackRotation } from '../src/frames';
import type { Quaternion, Vector } from '../src/messages';
import { bytesOf, vectors } from './vectors';

interface PoseJson {
  head_position: Vector;
  head_rotation: Quaternion;
  left_position: Vector;
  left_rotation: Quaternion;
  right_position: Vector;
  right_rotation: Quaternion;
  flags: number;
}

interface Vectors {
  positions: { metres: number; millimetres: number }[];
  rotations: { name: string; rotation: Quaternion; bits: number; decoded: Quaternion }[];
  garbage_rotations: { name: string; bits: number; decoded: Quaternion }[];
  uplinks: { name: string; cell: number; origin: Vector; client_ms: number; pose: PoseJson; hex: string }[];
  frames: {
    name: string;
    hex: string;
    cell: number;
    origin: Vector;
    tick: number;
    packed_ms: number;
    is_complete: boolean;
    bodies: { slot: number; flags: number; age_ms: number; decoded: PoseJson }[];
  }[];
  refused_frames: { name: string; hex: string; code: string }[];
}

const all = vectors<Vectors>('cell_frames.json');

function assertNear(actual: readonly number[], expected: readonly number[], name: string): void {
  assert.equal(actual.length, expected.length, name);
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 2e-6, `${name}: ${actual} ${expected}`));
}

test('metres become the same millimetres as in Python', () => {
  assert.ok(all.positions.length > 10);
  for (const { metres, millimetres: expected } of all.positions) {
    const clamped = Math.max(-32768, Math.min(32767, millimetres(metres)));
    assert.equal(clamped + 0, expected, `${metres} m`);
  }
});

test('rotations become the same bits, and back', () => {
  for (const { name, rotation, bits } of all.rotations) assert.equal(packRotation(rotation), bits, name);
  for (const { name, bits, decoded } of [...all.rotations, ...all.garbage_rotations]) {
    if (decoded) assertNear(unpackRotation(bits), decoded, name);
    assert.ok(Math.abs(Math.hypot(...unpackRotation(bits)) - 1) < 1e-9, name);
  }
});

test('uplink poses are the same 38 bytes', () => {
  for (const { name, cell, origin, client_ms, pose, hex } of all.uplinks) {
    const local = (v: Vector): Vector => [v[0] - origin[0], v[1] - origin[1], v[2] - origin[2]];
    const bytes = packUplink(
      {
        head: local(pose.head_position),
        headRotation: pose.head_rotation,
        left: local(pose.left_position),
        leftRotation: pose.left_rotation,
        right: local(pose.right_position),
        rightRotation: pose.right_rotation,
      },
      { cell, flags: pose.flags, clientMs: client_ms },
    );
    assert.equal(Buffer.from(bytes).toString('hex'), hex, name);
  }
});

test('cell frames are read as in Python', () => {
  for (const expected of all.frames) {
    const frame = parseFrame(bytesOf(expected.hex));
    const { name, cell, tick, packed_ms: packedMs, is_complete: isComplete } = expected;
    assert.deepEqual([frame.cell, frame.tick, frame.packedMs, frame.isComplete], [cell, tick, packedMs, isComplete], name);
    assert.equal(frame.records.length, expected.bodies.length, name);
    frame.records.forEach((record, index) => {
      const body = expected.bodies[index]!;
      assert.deepEqual([record.slot, record.flags, record.ageMs], [body.slot, body.flags, body.age_ms], name);
      const place = (v: Vector): number[] => v.map((metres, axis) => metres + expected.origin[axis]!);
      assertNear(place(record.head), body.decoded.head_position, name);
      assertNear(place(record.left), body.decoded.left_position, name);
      assertNear(place(record.right), body.decoded.right_position, name);
      assertNear(record.headRotation, body.decoded.head_rotation, name);
      assertNear(record.rightRotation, body.decoded.right_rotation, name);
    });
  }
});

test('what Python refuses is refused for the same reason', () => {
  for (const { name, hex, code } of all.refused_frames) {
    assert.throws(() => parseFrame(bytesOf(hex)), (error) => error instanceof FrameRefused && error.code === code, name);
  }
});
