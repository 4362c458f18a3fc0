/**
 * Light that looks right whatever the artist's units came out as.
 *
 * Exporters write candela and lux from a few to tens of thousands; without a camera's exposure the
 * picture is black or white. The page measures how bright the scene's own lights make the place
 * where people stand, and exposes for that. Until the live tile has come, a plain sky lights.
 */

import {
  AmbientLight,
  DirectionalLight,
  HemisphereLight,
  Light,
  type Object3D,
  PointLight,
  Scene,
  SpotLight,
  Vector3,
  type WebGLRenderer,
} from 'three';
import { BOUNCE, FILL, REFERENCE, SKY, SUN, UNLIT_EXPOSURE } from './look';

export class Lighting {
  private readonly sky = new HemisphereLight(SKY.above, SKY.below, SKY.intensity);
  private readonly fill = new AmbientLight(FILL.colour, FILL.intensity);
  private readonly sun = new DirectionalLight(SUN.colour, SUN.intensity);

  constructor(
    private readonly scene: Scene,
    private readonly renderer: WebGLRenderer,
  ) {
    this.sun.position.set(...SUN.from);
    scene.add(this.sky, this.fill, this.sun);
    renderer.toneMappingExposure = UNLIT_EXPOSURE;
  }

  /** Take over the lights of the live tile. `middle` is a place at breast height. */
  adopt(live: Object3D, middle: Vector3): void {
    const lights: Light[] = [];
    live.updateMatrixWorld(true);
    live.traverse((object) => {
      if (object instanceof Light) lights.push(object);
    });
    const illuminance = lights.reduce((sum, light) => sum + reaching(light, middle), 0);
    if (illuminance <= 0) return;
    this.renderer.toneMappingExposure = (REFERENCE * (1 - BOUNCE * 0.5)) / illuminance;
    const scale = illuminance / (REFERENCE * (1 - BOUNCE * 0.5));
    this.sky.intensity = SKY.intensity * scale;
    this.fill.intensity = FILL.intensity * scale;
    this.scene.environmentIntensity = 0.35 * scale;
    this.scene.remove(this.sun);
  }
}

/** How much a light gives at a place that faces it, in three's units (lux, candela per m²). */
function reaching(light: Light, place: Vector3): number {
  const at = light.getWorldPosition(new Vector3());
  if (light instanceof PointLight || light instanceof SpotLight) {
    // Lamps overhead are all a little nearer or farther; 2 m keeps one from deciding alone.
    const distance = Math.max(2, at.distanceTo(place));
    return light.intensity / (distance * distance);
  }
  // Indoors the sun falls through windows at most.
  return light instanceof DirectionalLight ? light.intensity * 0.15 : 0;
}
