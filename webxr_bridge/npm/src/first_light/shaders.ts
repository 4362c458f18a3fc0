/** What three.js makes of a plain material under the first view's sky, in the few lines that it takes. */

import { FILL, linear, SKY, SUN, UNLIT_EXPOSURE } from '../look';

const glsl = (parts: readonly number[]): string => `vec3(${parts.map((part) => part.toFixed(6)).join()})`;

/** Places are relative to the eye: float32 steps far from the origin are not seen then. */
export const VERTEX = `#version 300 es
uniform vec3 scale, offset;
uniform vec4 projection;
uniform vec2 turn;
in vec3 position;
out vec3 place;
void main() {
  place = position * scale + offset;
  vec3 seen = vec3(turn.x * place.x - turn.y * place.z, place.y, turn.y * place.x + turn.x * place.z);
  gl_Position = vec4(projection.xy * seen.xy, projection.z * seen.z + projection.w, -seen.z);
}`;

/**
 * Lambert's diffuse light of sky, fill and sun; for a graphics processor also the sun's highlight and what
 * it takes from the diffuse part (three's `MeshStandardMaterial`, its table of the environment's share
 * by Karis' fit). Then three's neutral tone mapping and sRGB.
 */
export const fragment = (isPhysical: boolean): string => `#version 300 es
precision highp float;
${isPhysical ? '#define PHYSICAL' : ''}
uniform vec4 colour;
uniform vec3 emissive;
uniform float roughness;
uniform bool isUnlit;
in vec3 place;
out vec4 result;

const float PI = 3.141592653589793;
const vec3 SUN = ${glsl(linear(SUN.colour, SUN.intensity))};

vec3 neutral(vec3 light) {
  light *= ${UNLIT_EXPOSURE.toFixed(6)};
  float least = min(light.r, min(light.g, light.b));
  light -= least < 0.08 ? least - 6.25 * least * least : 0.04;
  float peak = max(light.r, max(light.g, light.b));
  if (peak < 0.76) return light;
  float newPeak = 1. - 0.0576 / (peak - 0.52);
  return mix(light * newPeak / peak, vec3(newPeak), 1. - 1. / (0.15 * (peak - newPeak) + 1.));
}

vec3 lit() {
  vec3 normal = normalize(cross(dFdx(place), dFdy(place)));
  vec3 sun = normalize(${glsl(SUN.from)});
  vec3 sky = mix(${glsl(linear(SKY.below, SKY.intensity))}, ${glsl(linear(SKY.above, SKY.intensity))}, 0.5 * normal.y + 0.5)
    + ${glsl(linear(FILL.colour, FILL.intensity))};
  float facing = max(dot(normal, sun), 0.);
  vec3 direct = SUN * facing;
#ifdef PHYSICAL
  vec3 eye = normalize(-place);
  vec3 between = normalize(sun + eye);
  float toEye = clamp(dot(normal, eye), 0., 1.);
  float rough = max(roughness, 0.045);
  vec4 fit = rough * vec4(-1, -0.0275, -0.572, 0.022) + vec4(1, 0.0425, 1.04, -0.04);
  float bent = min(fit.x * fit.x, exp2(-9.28 * toEye)) * fit.x + fit.y;
  sky *= 1. - (0.04 * (-1.04 * bent + fit.z) + 1.04 * bent + fit.w);
  float fresnel = 0.04 + 0.96 * pow(1. - clamp(dot(eye, between), 0., 1.), 5.);
  float a2 = pow(rough, 4.);
  float across = pow(clamp(dot(normal, between), 0., 1.), 2.) * (a2 - 1.) + 1.;
  float seen = facing * sqrt(a2 + (1. - a2) * toEye * toEye) + toEye * sqrt(a2 + (1. - a2) * facing * facing);
  vec3 highlight = direct * fresnel * a2 / (PI * across * across) * 0.5 / max(seen, 1e-6);
  direct *= 1. - fresnel;
  return colour.rgb / PI * (sky + direct) + highlight;
#else
  return colour.rgb / PI * (sky + direct);
#endif
}

void main() {
  vec3 light = neutral(isUnlit ? colour.rgb : lit() + emissive);
  result = vec4(mix(pow(light, vec3(0.41666)) * 1.055 - 0.055, light * 12.92, vec3(lessThanEqual(light, vec3(0.0031308)))), colour.a);
}`;
