/** A panel drawn on a canvas, for the headset: no DOM shows there, and no markup is possible. */

import { CanvasTexture, LinearFilter, Mesh, MeshBasicMaterial, PlaneGeometry, SRGBColorSpace, type Vector2 } from 'three';

const WIDTH_PX = 720;
const METRES_PER_PX = 0.9 / WIDTH_PX;
const PAD = 44;
const BUTTON_HEIGHT = 92;
const FONT = 'system-ui, "Segoe UI", Roboto, sans-serif';

export interface Content {
  title: string;
  lines: string[];
  rows: [string, string][];
  buttons: { name: string; label: string; isPrimary: boolean }[];
}

interface Region {
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export class CanvasPanel {
  readonly mesh: Mesh<PlaneGeometry, MeshBasicMaterial>;
  private readonly canvas = document.createElement('canvas');
  private regions: Region[] = [];

  constructor(
    content: Content,
    readonly onPressed: (button: string) => void,
  ) {
    const context = this.canvas.getContext('2d')!;
    const wrapped = content.lines.flatMap((line) => wrap(context, line, WIDTH_PX - 2 * PAD, `30px ${FONT}`));
    this.canvas.width = WIDTH_PX;
    this.canvas.height =
      PAD * 2 + 66 + wrapped.length * 42 + content.rows.length * 54 +
      (content.buttons.length ? BUTTON_HEIGHT + 34 : 0);
    this.draw(context, content, wrapped);
    const texture = new CanvasTexture(this.canvas);
    texture.colorSpace = SRGBColorSpace;
    texture.minFilter = LinearFilter;
    texture.generateMipmaps = false;
    this.mesh = new Mesh(
      new PlaneGeometry(WIDTH_PX * METRES_PER_PX, this.canvas.height * METRES_PER_PX),
      new MeshBasicMaterial({ map: texture, transparent: true, toneMapped: false }),
    );
    this.mesh.userData['panel'] = this;
    this.mesh.renderOrder = 10;
  }

  /** Press whatever lies at a texture coordinate; says whether it was a button. */
  press(uv: Vector2): boolean {
    const [x, y] = [uv.x * WIDTH_PX, (1 - uv.y) * this.canvas.height];
    const hit = this.regions.find((r) => x >= r.x && y >= r.y && x <= r.x + r.width && y <= r.y + r.height);
    if (hit) this.onPressed(hit.name);
    return hit !== undefined;
  }

  dispose(): void {
    this.mesh.removeFromParent();
    this.mesh.geometry.dispose();
    this.mesh.material.map?.dispose();
    this.mesh.material.dispose();
  }

  private draw(context: CanvasRenderingContext2D, content: Content, lines: string[]): void {
    const { height } = this.canvas;
    context.fillStyle = '#ffffff';
    context.beginPath();
    context.roundRect(0, 0, WIDTH_PX, height, 28);
    context.fill();
    context.textBaseline = 'top';
    context.fillStyle = '#14202e';
    context.font = `600 42px ${FONT}`;
    context.fillText(content.title, PAD, PAD, WIDTH_PX - 2 * PAD);
    let y = PAD + 70;
    context.font = `30px ${FONT}`;
    context.fillStyle = '#3c4a58';
    for (const line of lines) {
      context.fillText(line, PAD, y, WIDTH_PX - 2 * PAD);
      y += 42;
    }
    for (const [name, value] of content.rows) {
      context.font = `28px ${FONT}`;
      context.fillStyle = '#66737f';
      context.fillText(name, PAD, y);
      context.font = `600 30px ${FONT}`;
      context.fillStyle = '#14202e';
      context.fillText(value, PAD + 190, y, WIDTH_PX - 2 * PAD - 190);
      y += 54;
    }
    this.drawButtons(context, content, height - PAD - BUTTON_HEIGHT);
  }

  private drawButtons(context: CanvasRenderingContext2D, content: Content, y: number): void {
    const count = content.buttons.length;
    const width = (WIDTH_PX - 2 * PAD - 20 * (count - 1)) / Math.max(1, count);
    this.regions = content.buttons.map(({ name }, i) => ({ name, x: PAD + i * (width + 20), y, width, height: BUTTON_HEIGHT }));
    content.buttons.forEach((button, index) => {
      const { x } = this.regions[index]!;
      context.fillStyle = button.isPrimary ? '#1c5fa8' : '#e8edf2';
      context.beginPath();
      context.roundRect(x, y, width, BUTTON_HEIGHT, 18);
      context.fill();
      context.fillStyle = button.isPrimary ? '#ffffff' : '#14202e';
      context.font = `600 32px ${FONT}`;
      context.textAlign = 'center';
      context.fillText(button.label, x + width / 2, y + 29, width - 20);
      context.textAlign = 'left';
    });
  }
}

function wrap(context: CanvasRenderingContext2D, text: string, width: number, font: string): string[] {
  context.font = font;
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      const longer = line ? `${line} ${word}` : word;
      if (line && context.measureText(longer).width > width) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    lines.push(line);
  }
  return lines.slice(0, 14);
}
