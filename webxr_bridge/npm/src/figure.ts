/** The shapes a body is made of, for eyes at 1.6 m; each is one instanced draw for everybody. */

import {
  type BufferGeometry,
  CapsuleGeometry,
  CircleGeometry,
  LatheGeometry,
  SphereGeometry,
  Vector2,
} from 'three';
import { mergeGeometries } from 'three/addons/utils/BufferGeometryUtils.js';

export const EYES_M = 1.6;
export const HIP_M = 0.86;
export const SHOULDER_M = 1.36;
/** Arms and legs are one metre long here, and stretched to where they reach. */
const LIMB_M = 1;

/** Jacket from the hips to the collar. */
export function torso(): BufferGeometry {
  const profile: [number, number][] = [
    [0, 0.78], [0.15, 0.78], [0.168, 0.84], [0.16, 1.0], [0.172, 1.16], [0.196, 1.29],
    [0.185, 1.38], [0.12, 1.43], [0.06, 1.45],
  ];
  return new LatheGeometry(profile.map(([x, y]) => new Vector2(x, y)), 28).scale(1, 1, 0.66);
}

/** Face, neck and ears. */
export function head(): BufferGeometry {
  const skull = new SphereGeometry(0.108, 24, 18).scale(0.9, 1.16, 1);
  const neck = new CapsuleGeometry(0.048, 0.12, 4, 14).translate(0, -0.155, 0.015);
  const nose = new SphereGeometry(0.017, 10, 8).scale(0.8, 1.1, 1.2).translate(0, -0.015, -0.108);
  const ears = [-1, 1].map((side) =>
    new SphereGeometry(0.02, 8, 6).scale(0.5, 1.2, 1).translate(side * 0.098, -0.012, 0.01));
  return mergeGeometries([skull, neck, nose, ...ears])!;
}

/** Hair over the top and back, and the eyes: they show which way somebody looks. */
export function hair(): BufferGeometry {
  const cap = new SphereGeometry(0.114, 24, 12, 0, Math.PI * 2, 0, Math.PI * 0.54)
    .rotateX(0.62)
    .scale(0.94, 1.16, 1.03)
    .translate(0, 0.012, 0.008);
  const eyes = [-1, 1].map((side) =>
    new SphereGeometry(0.0115, 10, 8).translate(side * 0.036, 0.008, -0.1));
  return mergeGeometries([cap, ...eyes])!;
}

/** From the shoulder or hip at the origin, down. */
export function limb(radius: number): BufferGeometry {
  return new CapsuleGeometry(radius, LIMB_M - 2 * radius, 5, 14).translate(0, -LIMB_M / 2, 0);
}

export function hand(): BufferGeometry {
  return new SphereGeometry(0.046, 14, 10).scale(0.75, 1.25, 0.95);
}

export function shoe(): BufferGeometry {
  return new CapsuleGeometry(0.05, 0.13, 4, 12).rotateX(Math.PI / 2).translate(0, 0.04, -0.05).scale(1, 0.85, 1);
}

/** A soft spot on the floor, instead of a shadow map. */
export function spot(): BufferGeometry {
  return new CircleGeometry(0.34, 28).rotateX(-Math.PI / 2);
}
