/** How somebody's legs move, from how far they have gone: poses hold a head and hands only. */

import type { Quaternion, Vector3 } from 'three';

const STRIDE_M = 0.72;
const EASE_S = 0.16;
/** Slower than this is standing and leaning. */
const STANDING_M_S = 0.25;
const JUMP_M = 1;

export class Gait {
  private phase = 0;
  private strength = 0;
  private x = NaN;
  private z = NaN;

  /** Take where the head is now. */
  step(head: Vector3, facing: Quaternion, dt: number): void {
    const [dx, dz] = [head.x - this.x, head.z - this.z];
    [this.x, this.z] = [head.x, head.z];
    const moved = Math.hypot(dx, dz);
    if (!(moved < JUMP_M) || dt <= 0) return;
    // Backwards the legs go backwards: facing's -z is ahead.
    const ahead = -(2 * (facing.x * facing.z + facing.w * facing.y)) * dx - (1 - 2 * (facing.x ** 2 + facing.y ** 2)) * dz;
    this.phase += (Math.sign(ahead || 1) * moved * Math.PI) / STRIDE_M;
    const wanted = Math.min(1, Math.max(0, moved / dt - STANDING_M_S) / 0.8);
    this.strength += (wanted - this.strength) * (1 - Math.exp(-dt / EASE_S));
  }

  /** How far a leg (or the arm of the other side) is before the body, -1 to 1. */
  swing(side: -1 | 1 | number): number {
    return Math.sin(this.phase) * side * this.strength;
  }

  /** How high a foot is lifted, 0 to 1. */
  lift(side: -1 | 1): number {
    return Math.max(0, Math.cos(this.phase) * side) * this.strength;
  }
}
