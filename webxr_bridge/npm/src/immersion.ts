/** Panels and the bank's confirmation in the headset, where no DOM is seen. */

import { Quaternion, Raycaster, Vector3 } from 'three';
import { CanvasPanel, type Content } from './canvas_panel';
import { checked, type Outcome, rowsOf, sign } from './confirm';
import { IntentRefused } from './intent';
import type { Ask, Panel } from './messages';
import type { Anchor } from './package';
import type { View } from './view';
import { type Headset, pressPanel } from './xr';

const DISTANCE_M = 1.25;
const SPACING_M = 0.95;
const ABOUT = new Quaternion(0, 1, 0, 0);

export class Immersion {
  private isPresenting = false;
  private panels: CanvasPanel[] = [];
  private confirmation: CanvasPanel | null = null;

  constructor(
    private readonly view: View,
    private readonly headset: Headset,
    private readonly onPressed: (panel: string, button: string) => void,
  ) {}

  setPresenting(isPresenting: boolean): void {
    this.isPresenting = isPresenting;
  }

  /** Press what the ray points at. While the bank asks, only its own panel can be pressed. */
  select(ray: Raycaster): boolean {
    if (this.confirmation) return pressPanel(ray, [this.confirmation]) || true;
    return pressPanel(ray, this.panels);
  }

  show(panels: readonly Panel[], anchors: readonly Anchor[]): void {
    for (const panel of this.panels) panel.dispose();
    this.panels = [];
    if (!this.isPresenting) return;
    panels.forEach((panel, index) => {
      const drawn = new CanvasPanel(contentOf(panel), (button) => this.onPressed(panel.name, button));
      const anchor = anchors.find(({ path }) => path === panel.anchor);
      if (anchor?.kind === 'panel') {
        drawn.mesh.position.set(...anchor.position);
        // An anchor looks along its -Z, a plane along its +Z: the panel is read from before it.
        drawn.mesh.quaternion.set(...anchor.rotation).multiply(ABOUT);
      } else this.putBefore(drawn, (index - (panels.length - 1) / 2) * SPACING_M);
      this.view.scene.add(drawn.mesh);
      this.panels.push(drawn);
    });
  }

  /**
   * Ask for a yes in the headset, leave it, and hold the ceremony on the flat screen: whether a
   * device shows its passkey prompt inside a session is not known for every headset.
   */
  async confirm(ask: Extract<Ask, { kind: 'confirm' }>, rpId: string, signal: AbortSignal): Promise<Outcome> {
    try {
      const rows = rowsOf(await checked(ask, rpId));
      if (!(await this.askYes(rows, signal))) return { code: 'declined' };
    } catch (error) {
      if (error instanceof IntentRefused) return { code: error.code };
      throw error;
    }
    await this.headset.end();
    return sign(ask, signal);
  }

  private askYes(rows: [string, string][], signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isYes: boolean): void => {
        this.confirmation?.dispose();
        this.confirmation = null;
        resolve(isYes);
      };
      const content: Content = {
        title: 'Your bank asks you to confirm',
        lines: [],
        rows,
        buttons: [
          { name: 'decline', label: 'Decline', isPrimary: false },
          { name: 'approve', label: 'Pay with passkey', isPrimary: true },
        ],
      };
      this.confirmation = new CanvasPanel(content, (button) => settle(button === 'approve'));
      this.putBefore(this.confirmation, 0, DISTANCE_M * 0.8);
      this.view.scene.add(this.confirmation.mesh);
      signal.addEventListener('abort', () => settle(false), { once: true });
    });
  }

  /** Upright, before the person's eyes, facing them. */
  private putBefore(panel: CanvasPanel, aside: number, distance = DISTANCE_M): void {
    const { position, rotation } = this.view.eye();
    const ahead = new Vector3(0, 0, -1).applyQuaternion(rotation).setY(0).normalize();
    const turn = new Quaternion().setFromUnitVectors(new Vector3(0, 0, -1), ahead);
    panel.mesh.quaternion.copy(turn);
    panel.mesh.position
      .set(aside, -0.1, -distance)
      .applyQuaternion(turn)
      .add(position);
  }
}

function contentOf(panel: Panel): Content {
  return {
    title: panel.title,
    lines: panel.text ? panel.text.split('\n') : [],
    rows: panel.fields.map((field) => [field.label, field.value]),
    buttons: panel.buttons.map((button, index) => ({ ...button, isPrimary: index === 0 })),
  };
}
