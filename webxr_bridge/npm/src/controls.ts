/** Keys, mouse and touch on the picture, turned into a wish to move and a look about. */

import type { OwnBody, Wish } from './body';

const MOUSE_RAD_PER_PX = 0.0032;
const TOUCH_RAD_PER_PX = 0.0055;
/** A press that moves less than this is a click. */
const CLICK_PX = 6;
const STICK_RADIUS_PX = 56;

/** By `code`, so that a Cyrillic or an AZERTY keyboard walks with the same keys. */
const KEYS: Record<string, Partial<Record<'ahead' | 'aside' | 'turn', number>>> = {
  KeyW: { ahead: 1 },
  KeyS: { ahead: -1 },
  KeyA: { aside: -1 },
  KeyD: { aside: 1 },
  ArrowUp: { ahead: 1 },
  ArrowDown: { ahead: -1 },
  ArrowLeft: { turn: 1 },
  ArrowRight: { turn: -1 },
  KeyQ: { turn: 1 },
  KeyE: { turn: -1 },
};

interface Press {
  id: number;
  startX: number;
  startY: number;
  x: number;
  y: number;
  isTouch: boolean;
  isStick: boolean;
  hasMoved: boolean;
}

export class Controls {
  private readonly keys = new Set<string>();
  private readonly presses = new Map<number, Press>();
  /** Where the virtual stick stands and its knob's offset in px, or `null`. */
  onStick: (stick: { x: number; y: number; dx: number; dy: number } | null) => void = () => {};

  constructor(
    private readonly canvas: HTMLElement,
    private readonly body: OwnBody,
    private readonly onClick: (x: number, y: number) => void,
  ) {
    canvas.addEventListener('keydown', (event) => this.keyDown(event));
    canvas.addEventListener('keyup', (event) => this.keys.delete(event.code));
    canvas.addEventListener('blur', () => this.release());
    canvas.addEventListener('pointerdown', (event) => this.down(event));
    canvas.addEventListener('pointermove', (event) => this.moved(event));
    canvas.addEventListener('pointerup', (event) => this.up(event, true));
    canvas.addEventListener('pointercancel', (event) => this.up(event, false));
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  wish(): Wish {
    const wish = { ahead: 0, aside: 0, turn: 0 };
    for (const code of this.keys) {
      const key = KEYS[code];
      wish.ahead += key?.ahead ?? 0;
      wish.aside += key?.aside ?? 0;
      wish.turn += key?.turn ?? 0;
    }
    for (const press of this.presses.values()) {
      if (!press.isStick) continue;
      wish.ahead -= (press.y - press.startY) / STICK_RADIUS_PX;
      wish.aside += (press.x - press.startX) / STICK_RADIUS_PX;
    }
    return {
      ahead: unit(wish.ahead),
      aside: unit(wish.aside),
      turn: unit(wish.turn),
      isHurrying: this.keys.has('ShiftLeft') || this.keys.has('ShiftRight'),
    };
  }

  release(): void {
    this.keys.clear();
    this.presses.clear();
    this.onStick(null);
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.code]) event.preventDefault();
    this.keys.add(event.code);
  }

  private down(event: PointerEvent): void {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const isTouch = event.pointerType === 'touch';
    const box = this.canvas.getBoundingClientRect();
    // Left thumb walks, right thumb looks: as phone players expect.
    const isStick =
      isTouch &&
      event.clientX - box.left < box.width * 0.45 &&
      event.clientY - box.top > box.height * 0.35;
    this.presses.set(event.pointerId, {
      id: event.pointerId,
      startX: event.clientX,
      startY: event.clientY,
      x: event.clientX,
      y: event.clientY,
      isTouch,
      isStick,
      hasMoved: false,
    });
  }

  private moved(event: PointerEvent): void {
    const press = this.presses.get(event.pointerId);
    if (!press) return;
    const [dx, dy] = [event.clientX - press.x, event.clientY - press.y];
    [press.x, press.y] = [event.clientX, event.clientY];
    if (Math.hypot(press.x - press.startX, press.y - press.startY) > CLICK_PX) press.hasMoved = true;
    if (press.isStick) {
      if (press.hasMoved) this.showStick(press);
      return;
    }
    if (!press.hasMoved) return;
    const scale = press.isTouch ? TOUCH_RAD_PER_PX : MOUSE_RAD_PER_PX;
    this.body.look(dx * scale, dy * scale);
  }

  private up(event: PointerEvent, isDone: boolean): void {
    const press = this.presses.get(event.pointerId);
    this.presses.delete(event.pointerId);
    if (!press) return;
    if (press.isStick) this.onStick(null);
    if (isDone && !press.hasMoved) this.onClick(event.clientX, event.clientY);
  }

  private showStick(press: Press): void {
    const [dx, dy] = [press.x - press.startX, press.y - press.startY];
    const scale = Math.min(1, STICK_RADIUS_PX / Math.max(1, Math.hypot(dx, dy)));
    this.onStick({ x: press.startX, y: press.startY, dx: dx * scale, dy: dy * scale });
  }
}

function unit(value: number): number {
  return Math.max(-1, Math.min(1, value));
}
