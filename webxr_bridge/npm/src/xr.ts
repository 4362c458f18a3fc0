/** The headset: entering and leaving, sticks, hands, and pressing what a ray points at. */

import {
  BufferGeometry,
  type Group,
  Line,
  LineBasicMaterial,
  Quaternion,
  Raycaster,
  Vector3,
  type WebGLRenderer,
  type XRTargetRaySpace,
} from 'three';
import type { Wish } from './body';
import { CanvasPanel } from './canvas_panel';
import { h } from './dom';
import type { Quaternion as Rotation, Vector } from './messages';

const SNAP_RAD = Math.PI / 6;
const DEAD_ZONE = 0.25;

export interface XrHands {
  left: Vector;
  leftRotation: Rotation;
  right: Vector;
  rightRotation: Rotation;
}

export class Headset {
  readonly button = h('button', { class: 'bx-secondary', type: 'button', hidden: true }, 'Enter VR');
  private readonly rays: XRTargetRaySpace[] = [];
  private readonly raycaster = new Raycaster();
  private session: XRSession | null = null;
  private hasSnapped = false;

  constructor(
    private readonly renderer: WebGLRenderer,
    private readonly rig: Group,
    private readonly events: {
      onChange(isPresenting: boolean): void;
      onSelect(ray: Raycaster): void;
      onTurn(radians: number): void;
      onError(text: string): void;
    },
  ) {
    renderer.xr.enabled = true;
    renderer.xr.setReferenceSpaceType('local-floor');
    this.button.addEventListener('click', () => void this.toggle());
    void this.offer();
    for (const index of [0, 1]) this.addRay(index);
  }

  get isPresenting(): boolean {
    return this.session !== null;
  }

  async end(): Promise<void> {
    await this.session?.end();
  }

  /** Where the hands are, in scene axes, or `null` when none is tracked. */
  hands(): XrHands | null {
    const grips: Partial<Record<XRHandedness, { position: Vector; rotation: Rotation }>> = {};
    this.session?.inputSources.forEach((source, index) => {
      if (index > 1) return;
      const grip = source.hand ? this.renderer.xr.getHand(index) : this.renderer.xr.getControllerGrip(index);
      const joint = source.hand ? this.renderer.xr.getHand(index).joints['wrist'] : undefined;
      const space = joint ?? grip;
      if (!space.visible) return;
      if (!grip.parent) this.rig.add(grip);
      space.updateWorldMatrix(true, false);
      const position = space.getWorldPosition(new Vector3()).toArray();
      const rotation = space.getWorldQuaternion(new Quaternion()).toArray();
      grips[source.handedness] = { position, rotation: rotation as Rotation };
    });
    const [left, right] = [grips.left ?? grips.right, grips.right ?? grips.left];
    if (!left || !right) return null;
    return {
      left: left.position, leftRotation: left.rotation,
      right: right.position, rightRotation: right.rotation,
    };
  }

  /** Left stick walks, right stick turns by steps: a smooth turn makes people ill. */
  wish(): Wish {
    const wish: Wish = { ahead: 0, aside: 0, turn: 0, isHurrying: false };
    for (const source of this.session?.inputSources ?? []) {
      const axes = source.gamepad?.axes ?? [];
      const [x, y] = [axes[2] ?? axes[0] ?? 0, axes[3] ?? axes[1] ?? 0];
      if (source.handedness === 'right') this.snap(x);
      else {
        wish.aside = Math.abs(x) > DEAD_ZONE ? x : 0;
        wish.ahead = Math.abs(y) > DEAD_ZONE ? -y : 0;
      }
    }
    return wish;
  }

  private snap(x: number): void {
    if (Math.abs(x) < 0.5) this.hasSnapped = false;
    else if (!this.hasSnapped) {
      this.hasSnapped = true;
      this.events.onTurn(x > 0 ? -SNAP_RAD : SNAP_RAD);
    }
  }

  private async offer(): Promise<void> {
    const isOffered = await navigator.xr?.isSessionSupported('immersive-vr').catch(() => false);
    this.button.hidden = !isOffered;
  }

  private async toggle(): Promise<void> {
    if (this.session) {
      await this.session.end();
      return;
    }
    try {
      const session = await navigator.xr!.requestSession('immersive-vr', {
        requiredFeatures: ['local-floor'],
        optionalFeatures: ['hand-tracking'],
      });
      session.addEventListener('end', () => this.ended());
      this.session = session;
      await this.renderer.xr.setSession(session);
      this.button.textContent = 'Leave VR';
      this.events.onChange(true);
    } catch (error) {
      this.session = null;
      this.events.onError(error instanceof Error ? error.message : 'the headset refused');
    }
  }

  private ended(): void {
    this.session = null;
    this.button.textContent = 'Enter VR';
    this.events.onChange(false);
  }

  private addRay(index: number): void {
    const ray = this.renderer.xr.getController(index);
    const points = [new Vector3(0, 0, 0), new Vector3(0, 0, -2.5)];
    const material = new LineBasicMaterial({ color: '#ffffff', transparent: true, opacity: 0.6 });
    const line = new Line(new BufferGeometry().setFromPoints(points), material);
    ray.add(line);
    // Once for each press, whatever the order of select, selectstart and selectend.
    ray.addEventListener('select', () => {
      ray.updateWorldMatrix(true, false);
      this.raycaster.setFromXRController(ray);
      this.events.onSelect(this.raycaster);
    });
    this.rays.push(ray);
    this.rig.add(ray);
  }
}

/** The panel a ray hits first, pressed; says whether there was one. */
export function pressPanel(ray: Raycaster, panels: readonly CanvasPanel[]): boolean {
  const hit = ray.intersectObjects(panels.map((panel) => panel.mesh), false)[0];
  const panel = hit?.object.userData['panel'] as CanvasPanel | undefined;
  if (!panel || !hit?.uv) return false;
  panel.press(hit.uv);
  return true;
}
