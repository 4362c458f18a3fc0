/** One's own way through the branch: sending poses, noticing anchors, obeying the server. */

import { OwnBody } from './body';
import { Floor } from './floor';
import { HANDS, packUplink, TELEPORT, TRACKED } from './frames';
import type { Interpolator } from './interpolation';
import type { Quaternion, Vector } from './messages';
import type { Anchor, BranchJson, Cell } from './package';
import type { XrHands } from './xr';

const SEND_INTERVAL_MS = 50;
/** How near one must stand: the anchor's own radius and an arm's length. */
const REACH_M = 1.1;
const LEAVE_MARGIN_M = 0.4;
const HALF_CELL_M = 16;
/** The server's word wins when it says that one is elsewhere. */
const CORRECTION_M = 0.75;

export class Walk {
  readonly body = new OwnBody();
  ownSlot = -1;
  private cells: Cell[] = [{ id: 0, origin: [0, 0, 0] }];
  private anchors: Anchor[] = [];
  private readonly near = new Set<string>();
  private sentAt = 0;
  private correctedAt = 0;
  private hasTeleported = true;

  constructor(
    private readonly interpolator: Interpolator,
    private readonly send: (bytes: ArrayBuffer) => void,
    private readonly onArrived: (anchor: Anchor) => void,
  ) {}

  adopt(branch: BranchJson): void {
    if (branch.cells?.length) this.cells = branch.cells;
    this.anchors = branch.anchors;
    this.body.floor = Floor.fromJson(branch.floor);
  }

  originOf(cell: number): Vector {
    return this.cells.find(({ id }) => id === cell)?.origin ?? [0, 0, 0];
  }

  /** Stand somewhere at once, because the branch says so. */
  place(position: Vector, yaw: number): void {
    this.body.place(position, yaw);
    this.hasTeleported = true;
    this.sentAt = 0;
  }

  /** Send the pose when it is time. `head` is where the eyes are, in scene axes. */
  uplink(nowMs: number, head: { position: Vector; rotation: Quaternion }, hands: XrHands | null): void {
    // Half a frame early rather than a whole one late: 20 Hz at any frame rate above it.
    if (nowMs - this.sentAt < SEND_INTERVAL_MS - 6) return;
    this.sentAt = nowMs;
    const cell = this.cellAt(head.position);
    const local = (v: Vector): Vector => [v[0] - cell.origin[0], v[1] - cell.origin[1], v[2] - cell.origin[2]];
    const flags = (hands ? HANDS | TRACKED : 0) | (this.hasTeleported ? TELEPORT : 0);
    this.hasTeleported = false;
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
        { cell: cell.id, flags, clientMs: Math.max(0, Math.floor(this.interpolator.serverNow(nowMs))) },
      ),
    );
  }

  /** Go where the server put this body, when it did not let it go where it went. */
  obey(nowMs: number): void {
    const pose = this.interpolator.latest(this.ownSlot);
    if (!pose || !(pose.flags & TELEPORT) || pose.at <= this.correctedAt) return;
    this.correctedAt = pose.at;
    const [x, , z] = pose.body.head;
    if (Math.hypot(x - this.body.x, z - this.body.z) < CORRECTION_M || nowMs < 1) return;
    const yaw = this.body.yaw;
    this.body.place([x, this.body.floorY, z], yaw);
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

  /** Having walked to an anchor's approach is having arrived, however far it lies from it. */
  arrive(anchor: Anchor): void {
    this.near.add(anchor.path);
    this.onArrived(anchor);
  }

  private cellAt(position: Vector): Cell {
    const here = this.cells.find(({ origin }) =>
      Math.abs(position[0] - origin[0]) <= HALF_CELL_M && Math.abs(position[2] - origin[2]) <= HALF_CELL_M);
    return here ?? this.cells[0]!;
  }
}
