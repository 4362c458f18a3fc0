/** Everybody's bodies: instanced pools, eight draws for up to 256 people, and a tag each. */

import {
  type BufferGeometry,
  CanvasTexture,
  Color,
  Group,
  InstancedMesh,
  Matrix4,
  MeshBasicMaterial,
  MeshLambertMaterial,
  MeshStandardMaterial,
  Quaternion,
  type Sprite,
  Vector3,
} from 'three';
import * as figure from './figure';
import { HANDS, SEATED } from './frames';
import { Gait } from './gait';
import type { Sample } from './interpolation';
import type { Participant } from './messages';
import { disposeTag, makeTag, sizeTag } from './tags';

const CAPACITY = 256;
const TAG_DISTANCE_M = 14;
/** Somebody who stands where one stands oneself would be seen from inside. */
const TOO_NEAR_M = 0.5;
const SKIN = ['#e8b999', '#c98f6b', '#8d5a3c', '#f0cdb4', '#b07850'];
const HAIR = ['#2c2522', '#5b3a22', '#17171a', '#8a6a3f', '#6d6d70'];
const JACKETS = ['#31658f', '#8a4f6d', '#4f7d5c', '#b07a3a', '#5a5f8f', '#a14f43', '#3d7c82', '#6f6a5f'];
const TROUSERS = ['#2b3340', '#3c3a44', '#4a4238', '#28323a', '#50525a'];

type BodyMaterial = MeshStandardMaterial | MeshLambertMaterial;

/** Who comes close dissolves from this distance on, until nothing is left at half a metre. */
const FADE_FROM_M = 1.1;

interface Person {
  participant: Participant;
  tag: Sprite;
  gait: Gait;
}

export class Avatars {
  readonly group = new Group();
  ownSlot = -1;
  private readonly torsos: Pool;
  private readonly heads: Pool;
  private readonly hair: Pool;
  private readonly arms: Pool;
  private readonly legs: Pool;
  private readonly hands: Pool;
  private readonly shoes: Pool;
  private readonly spots: Pool;
  private readonly people = new Map<number, Person>();

  constructor(options: { isPlain: boolean }) {
    const matter = (color: string, roughness: number): BodyMaterial =>
      fading(options.isPlain ? new MeshLambertMaterial({ color }) : new MeshStandardMaterial({ color, roughness }));
    const [cloth, skin, leather] = [matter('#ffffff', 0.85), matter('#ffffff', 0.55), matter('#22201f', 0.5)];
    const shade = new MeshBasicMaterial({
      alphaMap: softSpot(), color: '#000000', transparent: true, opacity: 0.4, depthWrite: false, toneMapped: false,
    });
    const pool = (geometry: BufferGeometry, material: BodyMaterial | MeshBasicMaterial, each = 1): Pool => {
      const made = new Pool(geometry, material, CAPACITY * each);
      this.group.add(made.mesh);
      return made;
    };
    this.torsos = pool(figure.torso(), cloth);
    this.heads = pool(figure.head(), skin);
    this.hair = pool(figure.hair(), cloth);
    this.arms = pool(figure.limb(0.05), cloth, 2);
    this.legs = pool(figure.limb(0.074), cloth, 2);
    this.hands = pool(figure.hand(), skin, 2);
    this.shoes = pool(figure.shoe(), leather, 2);
    this.spots = pool(figure.spot(), shade);
    this.spots.mesh.renderOrder = 1;
  }

  set(participant: Participant): void {
    const gait = this.people.get(participant.slot)?.gait ?? new Gait();
    this.removeSlot(participant.slot);
    const tag = makeTag(participant.name, participant.role);
    tag.visible = false;
    this.group.add(tag);
    this.people.set(participant.slot, { participant, tag, gait });
  }

  remove(id: string): void {
    for (const [slot, person] of this.people) if (person.participant.id === id) this.removeSlot(slot);
  }

  clear(): void {
    for (const slot of [...this.people.keys()]) this.removeSlot(slot);
  }

  /** Draw all bodies but one's own, which a first person does not see. */
  update(samples: Iterable<Sample>, eye: Vector3, dt: number): void {
    for (const person of this.people.values()) person.tag.visible = false;
    for (const pool of this.pools) pool.begin();
    for (const sample of samples) {
      const person = this.people.get(sample.slot);
      if (!person || sample.slot === this.ownSlot || this.torsos.isFull) continue;
      HEAD.fromArray(sample.body.head);
      if (HEAD.distanceTo(eye) < TOO_NEAR_M) continue;
      this.drawBody(person, sample, dt);
      this.drawTag(person, eye);
    }
    for (const pool of this.pools) pool.end();
  }

  private get pools(): Pool[] {
    return [this.torsos, this.heads, this.hair, this.arms, this.legs, this.hands, this.shoes, this.spots];
  }

  private drawBody(person: Person, sample: Sample, dt: number): void {
    const { slot, floorY } = sample;
    HEAD.fromArray(sample.body.head);
    FACING.fromArray(sample.body.headRotation);
    ONE.set(1, 1, 1);
    this.heads.add(MATRIX.compose(HEAD, FACING, ONE), pick(SKIN, slot));
    this.hair.add(MATRIX, pick(HAIR, slot * 7));
    // The trunk hangs below the head and turns with it about the vertical axis only.
    TURN.setFromAxisAngle(UP, yawOf(FACING));
    const stature = Math.max(0.55, Math.min(1.35, (HEAD.y - floorY) / figure.EYES_M));
    const isSeated = (sample.flags & SEATED) !== 0;
    person.gait.step(HEAD, TURN, dt);
    BASE.set(HEAD.x, HEAD.y - figure.EYES_M * stature, HEAD.z);
    const jacket = pick(JACKETS, slot);
    this.torsos.add(MATRIX.compose(BASE, TURN, ONE.setScalar(stature)), jacket);
    for (const side of [-1, 1] as const) {
      this.drawArm(person, sample, side, stature, jacket);
      this.drawLeg(person, side, isSeated ? 0.55 : stature, pick(TROUSERS, slot * 3));
    }
    SPOT.set(HEAD.x, floorY + 0.012, HEAD.z);
    this.spots.add(MATRIX.compose(SPOT, TURN, ONE.set(1, 1, 1)));
  }

  private drawArm(person: Person, sample: Sample, side: -1 | 1, stature: number, jacket: string): void {
    FROM.set(side * 0.2, figure.SHOULDER_M, 0).multiplyScalar(stature).applyQuaternion(TURN).add(BASE);
    if (sample.flags & HANDS && !isHanging(sample, side)) {
      TO.fromArray(side < 0 ? sample.body.left : sample.body.right);
      HAND.fromArray(side < 0 ? sample.body.leftRotation : sample.body.rightRotation);
    } else {
      const swing = person.gait.swing(-side);
      TO.set(side * 0.25, 0.8 + Math.abs(swing) * 0.04, -0.05 - swing * 0.24)
        .multiplyScalar(stature).applyQuaternion(TURN).add(BASE);
      HAND.copy(TURN);
    }
    this.arms.add(between(FROM, TO), jacket);
    this.hands.add(MATRIX.compose(TO, HAND, ONE.set(1, 1, 1)), pick(SKIN, sample.slot));
  }

  private drawLeg(person: Person, side: -1 | 1, stature: number, trousers: string): void {
    const swing = person.gait.swing(side);
    FROM.set(side * 0.085, figure.HIP_M, 0).multiplyScalar(stature).applyQuaternion(TURN).add(BASE);
    TO.set(side * 0.09, 0.05 + person.gait.lift(side) * 0.09, -swing * 0.3)
      .multiplyScalar(stature).applyQuaternion(TURN).add(BASE);
    this.legs.add(between(FROM, TO), trousers);
    this.shoes.add(MATRIX.compose(TO, TURN, ONE.set(1, 1, 1)));
  }

  private drawTag(person: Person, eye: Vector3): void {
    const distance = HEAD.distanceTo(eye);
    if (distance > TAG_DISTANCE_M) return;
    person.tag.visible = true;
    person.tag.position.set(HEAD.x, HEAD.y + 0.3, HEAD.z);
    person.tag.material.opacity = Math.min(1, (TAG_DISTANCE_M - distance) / 3);
    sizeTag(person.tag, distance);
  }

  private removeSlot(slot: number): void {
    const person = this.people.get(slot);
    if (!person) return;
    disposeTag(person.tag);
    this.people.delete(slot);
  }
}

/** One shape drawn many times. */
class Pool {
  readonly mesh: InstancedMesh;
  private count = 0;

  constructor(
    geometry: BufferGeometry,
    material: BodyMaterial | MeshBasicMaterial,
    private readonly capacity: number,
  ) {
    this.mesh = new InstancedMesh(geometry, material, capacity);
    this.mesh.frustumCulled = false; // its bounds would be those of one body
    this.mesh.count = 0;
    this.mesh.visible = false;
  }

  get isFull(): boolean {
    return this.count >= this.capacity;
  }

  begin(): void {
    this.count = 0;
  }

  add(matrix: Matrix4, colour?: string): void {
    this.mesh.setMatrixAt(this.count, matrix);
    if (colour) this.mesh.setColorAt(this.count, COLOUR.set(colour));
    this.count++;
  }

  end(): void {
    this.mesh.count = this.count;
    this.mesh.visible = this.count > 0; // an empty pool would have its shader built before first sight
    this.mesh.instanceMatrix.needsUpdate = true;
    if (this.mesh.instanceColor) this.mesh.instanceColor.needsUpdate = true;
  }
}

/** Dissolve what is near the eye, pixel by pixel: needs no sorting, and works for many at once. */
function fading<T extends BodyMaterial>(material: T): T {
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader.replace('#include <clipping_planes_fragment>', `
      #include <clipping_planes_fragment>
      float shown = (length(vViewPosition) - ${TOO_NEAR_M.toFixed(2)}) / ${(FADE_FROM_M - TOO_NEAR_M).toFixed(2)};
      float grain = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
      if (grain > shown) discard;`);
  };
  return material;
}

/** A limb of one metre, laid from one point to another. */
function between(from: Vector3, to: Vector3): Matrix4 {
  ALONG.subVectors(to, from);
  const length = ALONG.length();
  ROLL.setFromUnitVectors(DOWN, ALONG.divideScalar(Math.max(length, 1e-4)));
  return MATRIX.compose(from, ROLL, ONE.set(1, length, 1));
}

/** Hands that a program put beside a body are left to the gait: they should swing. */
function isHanging(sample: Sample, side: -1 | 1): boolean {
  const hand = side < 0 ? sample.body.left : sample.body.right;
  const [dx, dy, dz] = [hand[0] - sample.body.head[0], hand[1] - sample.body.head[1], hand[2] - sample.body.head[2]];
  return dy < -0.6 && Math.hypot(dx, dz) < 0.32;
}

function yawOf(q: Quaternion): number {
  return Math.atan2(2 * (q.w * q.y + q.x * q.z), 1 - 2 * (q.y * q.y + q.x * q.x));
}

function pick(list: readonly string[], index: number): string {
  return list[index % list.length]!;
}

function softSpot(): CanvasTexture {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const context = canvas.getContext('2d')!;
  const gradient = context.createRadialGradient(32, 32, 4, 32, 32, 32);
  gradient.addColorStop(0, '#ffffff');
  gradient.addColorStop(1, '#000000');
  context.fillStyle = gradient;
  context.fillRect(0, 0, 64, 64);
  return new CanvasTexture(canvas);
}

const UP = new Vector3(0, 1, 0);
const DOWN = new Vector3(0, -1, 0);
const HEAD = new Vector3();
const BASE = new Vector3();
const SPOT = new Vector3();
const FROM = new Vector3();
const TO = new Vector3();
const ALONG = new Vector3();
const ONE = new Vector3();
const FACING = new Quaternion();
const TURN = new Quaternion();
const HAND = new Quaternion();
const ROLL = new Quaternion();
const MATRIX = new Matrix4();
const COLOUR = new Color();
