import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnBody } from '../src/body';
import { isPayable, spoken } from '../src/currencies';
import { Floor } from '../src/floor';
import type { Vector } from '../src/messages';
import type { Anchor } from '../src/package';
import { Walk } from '../src/walk';

/** 4 m by 2 m from the origin, cells of 0.5 m, with a wall in column 4 but for the last row. */
function room(): Floor {
  const [columns, rows] = [8, 4];
  const bytes = new Uint8Array(4);
  for (let index = 0; index < columns * rows; index++) {
    const isWall = index % columns === 4 && index < columns * (rows - 1);
    if (!isWall) bytes[index >> 3]! |= 1 << (index & 7);
  }
  const cells = Buffer.from(bytes).toString('base64');
  return Floor.fromJson({ cell_m: 0.5, origin: [0, 0], size: [columns, rows], height: 0, cells })!;
}

const AHEAD = { ahead: 1, aside: 0, turn: 0, isHurrying: false };
const STILL = { ahead: 0, aside: 0, turn: 0, isHurrying: false };

test('the grid is read lowest bit first, and nothing outside is walkable', () => {
  const floor = room();
  assert.ok(floor.isWalkable(0.1, 0.1));
  assert.ok(!floor.isWalkable(2.1, 0.1));
  assert.ok(floor.isWalkable(2.1, 1.9));
  for (const [x, z] of [[-0.1, 1], [4.1, 1], [1, -0.1], [1, 2.1]] as const) assert.ok(!floor.isWalkable(x, z));
});

test('a body stops at a wall however slowly frames come, and slides along it', () => {
  for (const dt of [0.016, 0.1, 0.5]) {
    const body = new OwnBody();
    body.floor = room();
    body.place([0.5, 0, 0.5], -Math.PI / 2); // looks along +x, at the wall
    for (let time = 0; time < 4; time += dt) body.step(AHEAD, dt);
    assert.ok(body.x < 2 && body.x > 1.7, `${dt}: ${body.x}`);
    body.yaw = -Math.PI * 0.75; // along +x and +z: along the wall to the door, and through
    for (let time = 0; time < 4; time += dt) body.step(AHEAD, dt);
    assert.ok(body.x > 2.4 && body.floor.isWalkable(body.x, body.z), `${dt}: ${body.x} ${body.z}`);
  }
});

test('a way is followed to its end, and any key ends it', () => {
  const body = new OwnBody();
  let arrivals = 0;
  body.follow([[0, 0, 0], [1, 0, 0], [1, 0, 1]], () => arrivals++);
  for (let step = 0; step < 100; step++) body.step(STILL, 0.05);
  assert.deepEqual([body.x, body.z, arrivals], [1, 1, 1]);
  body.follow([[5, 0, 5]], () => arrivals++);
  body.step(AHEAD, 0.05);
  assert.equal(body.isFollowing, false);
  assert.equal(arrivals, 1);
});

test('a step ends close behind a corner, so that the branch does not see a chord through it', () => {
  const body = new OwnBody();
  body.follow([[0.5, 0, 0], [0.5, 0, 5]], () => {});
  body.step(STILL, 0.5); // 0.95 m of way
  assert.equal(body.x, 0.5);
  assert.ok(body.z > 0 && body.z <= 0.2, `${body.z}`);
});

const COUNTER = { path: 'Counter/counter.001', kind: 'counter', position: [4, 0, 0], rotation: [0, 0, 0, 1] } as const;
const WINDOW = { ...COUNTER, path: 'Room/window.001', position: [0, 0, 4] } as const;

test('who is put back on the way to a place sets out again, but not for ever', () => {
  const asked: Vector[] = [];
  const arrived: string[] = [];
  const walk = new Walk(() => {}, (anchor) => arrived.push(anchor.path), (_anchor, from) => asked.push(from));
  walk.place([0, 0, 0], 0);
  walk.goTo(COUNTER as unknown as Anchor);
  for (let time = 0; time < 20; time++) {
    walk.follow(COUNTER.path, [[0, 0, 0], [3, 0, 0]]);
    walk.body.step(STILL, 0.5);
    walk.place([0.2, 0, 0], null);
  }
  assert.ok(asked.length > 2 && asked.length < 10, `${asked.length}`);
  assert.deepEqual(asked[1], [0.2, 0, 0]);
  walk.goTo(COUNTER as unknown as Anchor);
  walk.follow(COUNTER.path, [[0, 0, 0], [3, 0, 0]]);
  for (let time = 0; time < 5; time++) walk.body.step(STILL, 0.5);
  assert.deepEqual(arrived, [COUNTER.path]);
  const before = asked.length;
  walk.place([0, 0, 0], null); // having arrived, it stays where it is put
  assert.equal(asked.length, before);
});

test('one arrives once for each coming, near by or at the end of the way, and anew when asked', () => {
  const arrived: string[] = [];
  const walk = new Walk(() => {}, (anchor) => arrived.push(anchor.path), () => {});
  walk.adopt({ anchors: [COUNTER as unknown as Anchor], nodes: [], cells: [] });
  const go = (points: Vector[]): void => {
    walk.goTo(COUNTER as unknown as Anchor);
    walk.follow(COUNTER.path, points);
    for (let step = 0; step < 20; step++) {
      walk.body.step(STILL, 0.2);
      walk.notice();
    }
  };
  go([[0, 0, 0], [3.5, 0, 0]]); // within reach before the end
  assert.deepEqual(arrived, [COUNTER.path]);
  go([[3.5, 0, 0]]);
  assert.equal(arrived.length, 2);
  go([[0, 0, 0]]); // an approach that is out of reach
  assert.equal(arrived.length, 4, 'at once, being near, and at the end of a way that led away');
});

test('the way to a place that is not wanted any more is not followed', () => {
  const walk = new Walk(() => {}, () => {}, () => {});
  walk.goTo(COUNTER as unknown as Anchor);
  walk.goTo(WINDOW as unknown as Anchor);
  assert.ok(walk.follow(COUNTER.path, [[3, 0, 0]]));
  assert.equal(walk.body.isFollowing, false);
  assert.equal(walk.follow(WINDOW.path, null), false);
});

test('amounts are those of Python, and read by people', () => {
  for (const amount of ['25.00', '0.01', '10000000000000.00']) assert.ok(isPayable(amount, 'RUB'), amount);
  for (const amount of ['25', '25.0', '25.001', '-1.00', '1e2', '٢٥.00', '0.00', '25.00\n', ' 25.00', '10000000000000.01']) {
    assert.ok(!isPayable(amount, 'RUB'), amount);
  }
  assert.ok(isPayable('25', 'JPY') && isPayable('25.000', 'KWD') && !isPayable('25.00', 'XXX'));
  assert.equal(spoken('1234567.50', 'RUB'), '1\u202f234\u202f567.50\u00a0RUB');
});
