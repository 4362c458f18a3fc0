/** The page's own body: where it stands, where it looks, and how it walks. No DOM, no three. */

import type { Floor } from './floor';
import type { Vector } from './messages';

export const EYE_HEIGHT_M = 1.6;
const WALK_M_S = 1.9;
const HURRY_M_S = 3.2;
const TURN_RAD_S = 1.9;
/** Time constant of starting and stopping: a camera that jerks makes people ill. */
const SMOOTHING_S = 0.09;
const PITCH_LIMIT = 1.2;
const ARRIVED_M = 0.08;
/** So far a step goes on beyond a corner: the branch sees the chord between two poses only. */
const CORNER_M = 0.2;

/** What the person wants: each in -1..1; `ahead` is forward, `turn` is to the left. */
export interface Wish {
  ahead: number;
  aside: number;
  turn: number;
  isHurrying: boolean;
}

export class OwnBody {
  x = 0;
  z = 0;
  floorY = 0;
  /** Radians about +y; 0 looks along -z. */
  yaw = 0;
  pitch = 0;
  floor: Floor | null = null;
  private speedX = 0;
  private speedZ = 0;
  private turnSpeed = 0;
  private path: Vector[] = [];
  private onArrived: (() => void) | null = null;

  get position(): Vector {
    return [this.x, this.floorY, this.z];
  }

  get isFollowing(): boolean {
    return this.path.length > 0;
  }

  /** Stand somewhere at once. */
  place(position: Vector, yaw: number): void {
    [this.x, this.floorY, this.z] = position;
    this.yaw = yaw;
    this.pitch = 0;
    this.speedX = this.speedZ = this.turnSpeed = 0;
    this.stopFollowing();
  }

  /** Walk along points that Python has found; any wish of the person's own ends it. */
  follow(points: readonly Vector[], onArrived: () => void): void {
    this.path = points.slice();
    this.onArrived = onArrived;
  }

  stopFollowing(): void {
    this.path = [];
    this.onArrived = null;
  }

  /** Look about by a drag, in radians. */
  look(yaw: number, pitch: number): void {
    this.yaw = wrap(this.yaw + yaw);
    this.pitch = Math.max(-PITCH_LIMIT, Math.min(PITCH_LIMIT, this.pitch + pitch));
  }

  /** Turn towards a point at eye height or elsewhere. */
  face(target: Vector): void {
    const distance = Math.hypot(target[0] - this.x, target[2] - this.z);
    if (distance < 0.05) return;
    this.yaw = Math.atan2(-(target[0] - this.x), -(target[2] - this.z));
    this.pitch = Math.atan2(target[1] - (this.floorY + EYE_HEIGHT_M), distance) * 0.6;
  }

  /** Advance by `dt` seconds. */
  step(wish: Wish, dt: number): void {
    if (wish.ahead || wish.aside || wish.turn) this.stopFollowing();
    const ease = 1 - Math.exp(-dt / SMOOTHING_S);
    if (this.isFollowing) {
      this.followStep(dt);
      return;
    }
    const pace = wish.isHurrying ? HURRY_M_S : WALK_M_S;
    const length = Math.max(1, Math.hypot(wish.ahead, wish.aside));
    const [ahead, aside] = [(wish.ahead / length) * pace, (wish.aside / length) * pace];
    const [sin, cos] = [Math.sin(this.yaw), Math.cos(this.yaw)];
    this.speedX += (-sin * ahead + cos * aside - this.speedX) * ease;
    this.speedZ += (-cos * ahead - sin * aside - this.speedZ) * ease;
    this.turnSpeed += (wish.turn * TURN_RAD_S - this.turnSpeed) * ease;
    this.yaw = wrap(this.yaw + this.turnSpeed * dt);
    this.moveBy(this.speedX * dt, this.speedZ * dt);
  }

  private moveBy(dx: number, dz: number): void {
    if (Math.abs(dx) + Math.abs(dz) < 1e-5) return;
    if (!this.floor) {
      this.x += dx;
      this.z += dz;
      return;
    }
    const [x, z] = this.floor.slide(this.x, this.z, dx, dz);
    if (x === this.x) this.speedX = 0;
    if (z === this.z) this.speedZ = 0;
    [this.x, this.z] = [x, z];
  }

  private followStep(dt: number): void {
    let left = WALK_M_S * dt;
    while (left > 0 && this.path[0]) {
      const [dx, dz] = [this.path[0][0] - this.x, this.path[0][2] - this.z];
      const distance = Math.hypot(dx, dz);
      if (distance <= Math.max(left, ARRIVED_M)) {
        [this.x, this.z] = [this.path[0][0], this.path[0][2]];
        this.path.shift();
        left = Math.min(left - distance, CORNER_M);
        continue;
      }
      this.x += (dx / distance) * left;
      this.z += (dz / distance) * left;
      const turn = wrap(Math.atan2(-dx, -dz) - this.yaw);
      this.yaw = wrap(this.yaw + turn * (1 - Math.exp(-dt / 0.25)));
      this.pitch *= Math.exp(-dt / 0.25);
      left = 0;
    }
    if (!this.path.length) {
      const arrived = this.onArrived;
      this.stopFollowing();
      arrived?.();
    }
  }
}

function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
