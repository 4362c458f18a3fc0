/** How the first view looks, in numbers that `first_light/` and three.js must share. No three. */

type Triple = [number, number, number];

export const BACKGROUND = 0xcfdbe6;
export const NEAR_M = 0.06;
export const FAR_M = 160;

/** Illuminance (in three's units) at which exposure is 1: a white wall then nears white. */
export const REFERENCE = 2.4;
/** Share of sky light that stands for all the bounces that are not computed. */
export const BOUNCE = 0.62;
/** While only the sky lights: lamps would add their part. */
export const UNLIT_EXPOSURE = 1.4;
/** Colours are sRGB. The sky lights from straight above, the sun from `from`. */
export const SKY = { above: 0xffffff, below: 0xd8d2c8, intensity: REFERENCE * BOUNCE };
export const FILL = { colour: 0xffffff, intensity: REFERENCE * 0.18 };
export const SUN = { colour: 0xfff4e2, intensity: REFERENCE * 0.55, from: [4, 9, 6] as Triple };

/** Degrees, upright. A narrow phone sees as much of the width as it can without bending the picture. */
export function fieldOfView(aspect: number): number {
  return aspect < 0.8 ? 80 : 68;
}

/** The three parts of a colour, 0 to 1, as it is written. */
export function rgb(hex: number): Triple {
  return [(hex >> 16) / 255, ((hex >> 8) & 255) / 255, (hex & 255) / 255];
}

/** Linear light of a colour (IEC 61966-2-1), times `intensity`. */
export function linear(hex: number, intensity: number): Triple {
  return rgb(hex).map((part) =>
    (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4) * intensity) as Triple;
}
