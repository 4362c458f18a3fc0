/** Name tags: one small canvas each, drawn once, with the role as the branch gave it. */

import { CanvasTexture, LinearFilter, Sprite, SpriteMaterial, SRGBColorSpace } from 'three';

/** Each has a contrast of 4.5 or more with white (WCAG 2.2, 1.4.3). */
const ROLES: Record<string, { label: string; colour: string }> = {
  guest: { label: 'Guest', colour: '#64717d' },
  visitor: { label: 'Customer', colour: '#2f6db5' },
  consultant: { label: 'Consultant', colour: '#0c7a5e' },
  operator: { label: 'Operator', colour: '#9a5b13' },
  service: { label: 'Service', colour: '#5b52a3' },
};

export function roleLabel(role: string): string {
  return ROLES[role]?.label ?? 'Unknown';
}

export function roleColour(role: string): string {
  return ROLES[role]?.colour ?? '#64717d';
}

const SCALE = 2;
const HEIGHT_PX = 64;
const METRES_PER_PX = 0.0042;
/** Nearer than this a tag keeps its size on the screen instead of growing. */
const FULL_SIZE_M = 4.5;

/** Draw a tag. The name is text on a canvas, so nothing in it can become markup. */
export function makeTag(name: string, role: string): Sprite {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d')!;
  const nameFont = `600 ${26 * SCALE}px system-ui, "Segoe UI", Roboto, sans-serif`;
  const roleFont = `600 ${15 * SCALE}px system-ui, "Segoe UI", Roboto, sans-serif`;
  const badge = roleLabel(role).toUpperCase();
  context.font = nameFont;
  const shown = name.length > 24 ? `${name.slice(0, 23)}…` : name;
  const nameWidth = context.measureText(shown).width;
  context.font = roleFont;
  const badgeWidth = context.measureText(badge).width + 20 * SCALE;
  canvas.width = Math.ceil(nameWidth + badgeWidth + 58 * SCALE);
  canvas.height = HEIGHT_PX * SCALE;
  const [width, height] = [canvas.width, canvas.height];

  context.fillStyle = 'rgba(16, 26, 38, 0.82)';
  context.beginPath();
  context.roundRect(4, 8 * SCALE, width - 8, height - 16 * SCALE, height / 2);
  context.fill();
  context.fillStyle = roleColour(role);
  context.beginPath();
  context.roundRect(14 * SCALE, 19 * SCALE, badgeWidth, height - 38 * SCALE, 13 * SCALE);
  context.fill();
  context.textBaseline = 'middle';
  context.fillStyle = '#ffffff';
  context.font = roleFont;
  context.fillText(badge, 24 * SCALE, height / 2 + SCALE);
  context.font = nameFont;
  context.fillText(shown, badgeWidth + 26 * SCALE, height / 2 + SCALE);

  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  texture.minFilter = LinearFilter;
  texture.generateMipmaps = false;
  const material = new SpriteMaterial({ map: texture, depthWrite: false, toneMapped: false });
  const sprite = new Sprite(material);
  sprite.userData['size'] = [(width / SCALE) * METRES_PER_PX, HEIGHT_PX * METRES_PER_PX];
  return sprite;
}

/** Size a tag for a distance: readable far off, out of the way near by. */
export function sizeTag(tag: Sprite, distance: number): void {
  const [width, height] = tag.userData['size'] as [number, number];
  const scale = Math.max(0.16, Math.min(1, distance / FULL_SIZE_M));
  tag.scale.set(width * scale, height * scale, 1);
}

export function disposeTag(tag: Sprite): void {
  tag.removeFromParent();
  tag.material.map?.dispose();
  tag.material.dispose();
}
