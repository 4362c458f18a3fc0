/** One's own way through the branch: sending poses, going to anchors, standing where one is put. */

import { OwnBody } from './body';
import { Floor } from './floor';
import { HANDS, packUplink, TRACKED } from './frames';
import type { Quaternion, Vector } from './messages';
import type { Anchor, BranchJson, Cell } from './package';
import type { XrHands } from './xr';

const SEND_INTERVAL_MS = 50;
/** How near one must stand: the anchor's own radius and an arm's length. */
const REACH_M = 1.1;
const LEAVE_MARGIN_M = 0.4;
const HALF_CELL_M = 16;
/** How often a body that the branch put back on its way sets out again. */
const ATTEMPTS = 5;

export class Walk {
  readonly body = new OwnBody();
  ownSlot = -1;
  private cells: Cell[] = [{ id: 0, origin: [0, 0, 0] }];
  private anchors: Anchor[] = [];
  private readonly near = new Set<string>();
  private sentAt = 0;
  private isPlaced = false;
  private goal: { anchor: Anchor; attempts: number } | null = null;

  constructor(
    private readonly send: (bytes: ArrayBuffer) => void,
    private readonly onArrived: (anchor: Anchor) => void,
    private readonly askWay: (anchor: Anchor, from: Vector) => void,
  ) {}

  adopt(branch: BranchJson): void {
    if (branch.cells?.length) this.cells = branch.cells;
    this.anchors = branch.anchors;
    this.body.floor = Floor.fromJson(branch.floor);
  }

  originOf(cell: number): Vector {
    return this.cells.find(({ id }) => id === cell)?.origin ?? [0, 0, 0];
  }

  /** Stand where the branch says; a point of the floor, which is not higher than the floor is. */
  place(position: Vector, yaw: number | null): void {
    const [x, y, z] = position;
    const floorY = this.body.floor?.height ?? this.cellAt(position).origin[1];
    const wasOnItsWay = this.body.isFollowing;
    this.body.place([x, Math.abs(y - floorY) < 0.5 ? floorY : y, z], yaw ?? this.body.yaw);
    this.isPlaced = true;
    // Where a pose was refused the way begins anew: who chose a place gets there all the same.
    if (wasOnItsWay && this.goal && this.goal.attempts-- > 0) this.askWay(this.goal.anchor, this.body.position);
  }

  /** Walk to an anchor by the way that Python finds; see `follow`. */
  goTo(anchor: Anchor): void {
    this.goal = { anchor, attempts: ATTEMPTS };
    this.near.delete(anchor.path); // who is there already arrives anew
    this.askWay(anchor, this.body.position);
  }

  /** Take the way that was asked for; says whether there is one. */
  follow(path: string, points: readonly Vector[] | null): boolean {
    const anchor = this.goal?.anchor;
    if (anchor?.path !== path) return true; // another place has been chosen since
    if (!points) {
      this.goal = null;
      return false;
    }
    this.body.follow(points, () => {
      this.goal = null;
      this.body.face(anchor.position);
      if (!this.near.has(anchor.path)) this.arrive(anchor);
    });
    return true;
  }

  /** Send the pose when it is time. `head` is where the eyes are, in scene axes. */
  uplink(nowMs: number, head: { position: Vector; rotation: Quaternion }, hands: XrHands | null): void {
    // Half a frame early rather than a whole one late: 20 Hz at any frame rate above it.
    if (!this.isPlaced || nowMs - this.sentAt < SEND_INTERVAL_MS - 6) return;
    this.sentAt = nowMs;
    const cell = this.cellAt(head.position);
    const local = (v: Vector): Vector => [v[0] - cell.origin[0], v[1] - cell.origin[1], v[2] - cell.origin[2]];
    const flags = hands ? HANDS | TRACKED : 0;
    this.send(
      packUplink(
        {
          head: local(head.position),
          headRotation: head.rotation,
          left: hands ? local(hands.left) : [0, 0, 0],
          leftRotation: hands?.leftRotation ?? [0, 0, 0, 1],
          right: hands ? local(hands.right) : [0, 0, 0],
          rightRotation: hands?.rightRotation ?? [0, 0, 0, 1],
        },
        { cell: cell.id, flags, clientMs: 0 } /* Python stamps the branch's time */,
      ),
    );
  }

  /** Tell when one has come near an anchor, once for each coming. */
  notice(): void {
    for (const anchor of this.anchors) {
      const reach = (typeof anchor['radius_m'] === 'number' ? anchor['radius_m'] : 0.3) + REACH_M;
      const distance = Math.hypot(anchor.position[0] - this.body.x, anchor.position[2] - this.body.z);
      if (distance <= reach && !this.near.has(anchor.path)) this.arrive(anchor);
      else if (distance > reach + LEAVE_MARGIN_M) this.near.delete(anchor.path);
    }
  }

  /** Arrive: near by, or at the end of the way to it, however far that lies from it. */
  private arrive(anchor: Anchor): void {
    this.near.add(anchor.path);
    this.onArrived(anchor);
  }

  private cellAt(position: Vector): Cell {
    const here = this.cells.find(({ origin }) =>
      Math.abs(position[0] - origin[0]) <= HALF_CELL_M && Math.abs(position[2] - origin[2]) <= HALF_CELL_M);
    return here ?? this.cells[0]!;
  }
}
