/** Everybody's bodies: instanced pools, five draws for up to 200 people, and a tag each. */

import {
  CircleGeometry,
  Color,
  Group,
  InstancedMesh,
  LatheGeometry,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
  type Object3D,
  Quaternion,
  SphereGeometry,
  type Sprite,
  Vector2,
  Vector3,
} from 'three';
import { HANDS, SEATED } from './frames';
import type { Sample } from './interpolation';
import type { Participant } from './messages';
import { disposeTag, makeTag } from './tags';

const CAPACITY = 256;
const TAG_DISTANCE_M = 14;
const SKIN = ['#e8b999', '#c98f6b', '#8d5a3c', '#f0cdb4', '#b07850'];
const CLOTHES = ['#31658f', '#8a4f6d', '#4f7d5c', '#b07a3a', '#5a5f8f', '#a14f43', '#3d7c82', '#6f6a5f'];

interface Person {
  participant: Participant;
  tag: Sprite;
}

export class Avatars {
  readonly group = new Group();
  ownSlot = -1;
  private readonly torsos: InstancedMesh;
  private readonly heads: InstancedMesh;
  private readonly faces: InstancedMesh;
  private readonly hands: InstancedMesh;
  private readonly shadows: InstancedMesh;
  private readonly people = new Map<number, Person>();

  constructor() {
    const cloth = new MeshStandardMaterial({ roughness: 0.85 });
    const skin = new MeshStandardMaterial({ roughness: 0.6 });
    const hair = new MeshStandardMaterial({ color: '#2c2522', roughness: 0.9 });
    const shade = new MeshBasicMaterial({
      color: '#000000', transparent: true, opacity: 0.22, depthWrite: false, toneMapped: false,
    });
    this.torsos = this.pool(torsoGeometry(), cloth, CAPACITY);
    this.heads = this.pool(new SphereGeometry(0.115, 20, 14).scale(0.92, 1.12, 1), skin, CAPACITY);
    this.faces = this.pool(hairGeometry(), hair, CAPACITY);
    this.hands = this.pool(new SphereGeometry(0.048, 12, 8).scale(0.8, 1.25, 1), skin, CAPACITY * 2);
    this.shadows = this.pool(new CircleGeometry(0.3, 24).rotateX(-Math.PI / 2), shade, CAPACITY);
    this.shadows.renderOrder = 1;
  }

  set(participant: Participant): void {
    this.removeSlot(participant.slot);
    const tag = makeTag(participant.name, participant.role);
    tag.visible = false;
    this.group.add(tag);
    this.people.set(participant.slot, { participant, tag });
  }

  remove(id: string): void {
    for (const [slot, person] of this.people) if (person.participant.id === id) this.removeSlot(slot);
  }

  clear(): void {
    for (const slot of [...this.people.keys()]) this.removeSlot(slot);
  }

  /** Draw all bodies but one's own, which a first person does not see. */
  update(samples: Iterable<Sample>, eye: Vector3): void {
    let count = 0;
    let hands = 0;
    for (const person of this.people.values()) person.tag.visible = false;
    for (const sample of samples) {
      const person = this.people.get(sample.slot);
      if (!person || sample.slot === this.ownSlot || count >= CAPACITY) continue;
      this.drawBody(count, sample);
      hands = this.drawHands(hands, sample);
      this.colour(count, sample.slot);
      this.drawTag(person, sample, eye);
      count++;
    }
    for (const mesh of [this.torsos, this.heads, this.faces, this.shadows]) finish(mesh, count);
    finish(this.hands, hands);
  }

  private drawBody(index: number, sample: Sample): void {
    HEAD.fromArray(sample.body.head);
    TURN.fromArray(sample.body.headRotation);
    ONE.set(1, 1, 1);
    MATRIX.compose(HEAD, TURN, ONE);
    this.heads.setMatrixAt(index, MATRIX);
    this.faces.setMatrixAt(index, MATRIX);
    // The trunk hangs below the head and turns with it about the vertical axis only.
    const yaw = Math.atan2(
      2 * (TURN.w * TURN.y + TURN.x * TURN.z),
      1 - 2 * (TURN.y * TURN.y + TURN.x * TURN.x),
    );
    TURN.setFromAxisAngle(UP, yaw);
    const isSeated = (sample.flags & SEATED) !== 0;
    const height = Math.max(0.6, Math.min(2.2, HEAD.y - sample.floorY));
    PLACE.set(HEAD.x, sample.floorY + (isSeated ? 0.35 : 0), HEAD.z);
    MATRIX.compose(PLACE, TURN, ONE.set(1, (height - (isSeated ? 0.35 : 0)) / 1.6, 1));
    this.torsos.setMatrixAt(index, MATRIX);
    PLACE.y = sample.floorY + 0.012;
    MATRIX.compose(PLACE, TURN, ONE.set(1, 1, 1));
    this.shadows.setMatrixAt(index, MATRIX);
  }

  private drawHands(index: number, sample: Sample): number {
    const hasHands = (sample.flags & HANDS) !== 0;
    for (const side of [-1, 1]) {
      if (hasHands) {
        PLACE.fromArray(side < 0 ? sample.body.left : sample.body.right);
        HAND.fromArray(side < 0 ? sample.body.leftRotation : sample.body.rightRotation);
      } else {
        PLACE.set(side * 0.27, -0.72, -0.06).applyQuaternion(TURN).add(HEAD);
        HAND.copy(TURN);
      }
      MATRIX.compose(PLACE, HAND, ONE.set(1, 1, 1));
      this.hands.setMatrixAt(index, MATRIX);
      this.hands.setColorAt(index, COLOUR.set(SKIN[sample.slot % SKIN.length]!));
      index++;
    }
    return index;
  }

  private colour(index: number, slot: number): void {
    this.torsos.setColorAt(index, COLOUR.set(CLOTHES[slot % CLOTHES.length]!));
    this.heads.setColorAt(index, COLOUR.set(SKIN[slot % SKIN.length]!));
  }

  private drawTag(person: Person, sample: Sample, eye: Vector3): void {
    HEAD.fromArray(sample.body.head);
    const distance = HEAD.distanceTo(eye);
    if (distance > TAG_DISTANCE_M) return;
    person.tag.visible = true;
    person.tag.position.set(HEAD.x, HEAD.y + 0.3, HEAD.z);
    person.tag.material.opacity = Math.min(1, (TAG_DISTANCE_M - distance) / 3);
  }

  private removeSlot(slot: number): void {
    const person = this.people.get(slot);
    if (!person) return;
    disposeTag(person.tag);
    this.people.delete(slot);
  }

  private pool(
    geometry: LatheGeometry | SphereGeometry | CircleGeometry,
    material: MeshStandardMaterial | MeshBasicMaterial,
    capacity: number,
  ): InstancedMesh {
    const mesh = new InstancedMesh(geometry, material, capacity);
    mesh.frustumCulled = false; // its bounds would be those of one body
    mesh.count = 0;
    this.group.add(mesh);
    return mesh;
  }
}

/** Coat and shoulders as one turned profile, for a head at 1.6 m. */
function torsoGeometry(): LatheGeometry {
  const profile = [
    [0, 0.02], [0.13, 0.02], [0.15, 0.1], [0.155, 0.55], [0.17, 0.8], [0.19, 1.05], [0.215, 1.25],
    [0.2, 1.36], [0.12, 1.42], [0.055, 1.45], [0.05, 1.53], [0, 1.53],
  ];
  const geometry = new LatheGeometry(profile.map(([x, y]) => new Vector2(x, y)), 24);
  return geometry.scale(1, 1, 0.68);
}

/** Hair over the top and back: it shows which way somebody looks. */
function hairGeometry(): SphereGeometry {
  const cap = new SphereGeometry(0.122, 20, 10, 0, Math.PI * 2, 0, Math.PI * 0.52);
  return cap.rotateX(0.42).scale(0.95, 1.14, 1.04).translate(0, 0.008, 0.008);
}

function finish(mesh: InstancedMesh, count: number): void {
  mesh.count = count;
  mesh.instanceMatrix.needsUpdate = true;
  if (mesh.instanceColor) mesh.instanceColor.needsUpdate = true;
}

/** Whether a hit belongs to somebody's body, so that clicks on people are not clicks on walls. */
export function isBody(object: Object3D): boolean {
  return object instanceof Mesh && object instanceof InstancedMesh;
}

const UP = new Vector3(0, 1, 0);
const HEAD = new Vector3();
const PLACE = new Vector3();
const ONE = new Vector3();
const TURN = new Quaternion();
const HAND = new Quaternion();
const MATRIX = new Matrix4();
const COLOUR = new Color();
