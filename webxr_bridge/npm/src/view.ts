/** The picture: renderer, camera, and everything that is drawn in the scene. */

import {
  Color,
  Group,
  Light,
  NeutralToneMapping,
  type Object3D,
  PerspectiveCamera,
  PMREMGenerator,
  Quaternion,
  Raycaster,
  Scene,
  Vector2,
  Vector3,
  WebGLRenderer,
} from 'three';
import { RoomEnvironment } from 'three/addons/environments/RoomEnvironment.js';
import { Avatars } from './avatars';
import { EYE_HEIGHT_M, type OwnBody } from './body';
import type { Picture } from './first_light/picture';
import { Lighting } from './lighting';
import { Live } from './live';
import { BACKGROUND, FAR_M, fieldOfView, NEAR_M } from './look';
import { Nodes } from './nodes';
import { type BranchJson, PackageRefused, type ScenePackage } from './package';
import { SceneLoader } from './scene_loader';
import { simplify } from './simplify';
import type { Quality, Surface } from './surface';
import { calm, Tiles } from './tiles';

const ADAPT_EVERY_MS = 1_500;

export class View {
  readonly renderer: WebGLRenderer;
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(fieldOfView(1), 1, NEAR_M, FAR_M);
  readonly rig = new Group();
  readonly nodes = new Nodes();
  private readonly lighting: Lighting;
  private readonly loader: SceneLoader;
  private tiles: Tiles | null = null;
  live: Live | null = null;
  readonly canvas: HTMLCanvasElement;
  private readonly quality: Quality;
  readonly avatars: Avatars;
  private ratio: number;
  private sinceResizeMs = 0;
  private framesSinceResize = 0;

  /** `picture` is what stands on the surface, and stays until there is more to see. */
  constructor({ canvas, context, quality }: Surface, private picture: Picture | null = null) {
    this.canvas = canvas;
    this.quality = quality;
    this.ratio = quality.largestRatio;
    this.avatars = new Avatars({ isPlain: quality.isSoftware });
    this.renderer = new WebGLRenderer({
      canvas,
      ...(context ? { context } : {}),
    });
    this.renderer.toneMapping = NeutralToneMapping; // keeps a bank's own colours as they are
    this.scene.background = new Color(BACKGROUND);
    this.rig.add(this.camera);
    this.scene.add(this.rig, this.avatars.group, this.nodes.group);
    this.loader = new SceneLoader(this.renderer);
    this.lighting = new Lighting(this.scene, this.renderer);
    if (this.resize()) this.picture?.draw();
  }

  /** Show a package; gives its `branch.json`, with which one can walk before all is drawn. */
  async show(source: ScenePackage, onFirst: () => void, onError: (text: string) => void): Promise<BranchJson> {
    this.tiles?.dispose();
    this.tiles?.group.removeFromParent();
    this.live?.group.removeFromParent();
    const branch = source.fetchJson<BranchJson>('branch.json');
    const tiles = new Tiles(source, this.loader, {
      prepare: (root) => this.prepare(root),
      onFirst: () => {
        performance.mark('branchxr-first-sight'); // beside the browser's own marks, for whoever measures
        onFirst();
      },
      onSeen: (liveUri) => {
        if (!this.quality.isSoftware) this.reflect();
        if (liveUri) void this.showLive(source, liveUri, branch, onError);
      },
      onError: (text) => {
        this.endPicture();
        onError(text);
      },
    });
    this.tiles = tiles;
    this.scene.add(tiles.group);
    return branch;
  }

  /** Stand where the body stands. In a headset the person's own head does the rest. */
  follow(body: OwnBody, isPresenting: boolean): void {
    this.rig.position.set(body.x, body.floorY, body.z);
    this.rig.rotation.y = body.yaw;
    if (isPresenting) return;
    this.camera.position.set(0, EYE_HEIGHT_M, 0);
    this.camera.rotation.set(body.pitch, 0, 0);
  }

  draw(dt: number): void {
    this.adapt(dt * 1000); // before drawing: a canvas that changes its size is empty
    this.live?.update(dt);
    if (this.picture) this.scene.updateMatrixWorld(); // drawing would, and is left out
    this.camera.updateMatrixWorld();
    this.tiles?.update(this.camera, this.renderer);
    if (this.tiles?.isReady || this.renderer.xr.isPresenting) this.endPicture();
    if (this.picture) return; // what three.js has to show so far is less than that
    this.renderer.render(this.scene, this.camera);
    this.tiles?.drawn();
  }

  /** Leave the surface to three.js; what was there stays until it draws. */
  endPicture(): void {
    if (!this.picture) return;
    this.picture.end();
    this.picture = null;
    this.renderer.resetState();
  }

  eye(): { position: Vector3; rotation: Quaternion } {
    return {
      position: this.camera.getWorldPosition(new Vector3()),
      rotation: this.camera.getWorldQuaternion(new Quaternion()),
    };
  }

  /** What a point of the window shows first: a node of a script's, a live node, or nothing. */
  pick(ray: Raycaster): { node: [number, number] | null; path: string | null } | null {
    const targets = [this.nodes.group, ...(this.live ? [this.live.group] : [])];
    const hit = ray.intersectObjects(targets, true)[0];
    if (!hit) return null;
    const node = Nodes.idOf(hit.object);
    const path = node ? null : (this.live?.pathOf(hit.object) ?? null);
    return node || path ? { node, path } : null;
  }

  rayAt(clientX: number, clientY: number): Raycaster {
    const box = this.canvas.getBoundingClientRect();
    const point = new Vector2(
      ((clientX - box.left) / box.width) * 2 - 1,
      1 - ((clientY - box.top) / box.height) * 2,
    );
    const ray = new Raycaster();
    ray.setFromCamera(point, this.camera);
    return ray;
  }

  /** Fit the window. Draws at once, since a canvas that changes its size is empty. */
  fit(): void {
    if (!this.resize()) return;
    if (this.picture) this.picture.draw();
    else this.renderer.render(this.scene, this.camera);
  }

  /**
   * Whether the canvas was set, which empties it and costs a third of a second in software: `setPixelRatio` and
   * `setSize` set it twice, and an observer reports once what is known (1.7 s before first sight on busy cores).
   */
  private resize(): boolean {
    const { renderer, camera, canvas } = this;
    if (renderer.xr.isPresenting) return false;
    const [width, height] = [canvas.clientWidth || 1, canvas.clientHeight || 1];
    camera.aspect = width / height;
    camera.fov = fieldOfView(camera.aspect);
    camera.updateProjectionMatrix();
    const known = renderer.getSize(new Vector2());
    if (known.x === width && known.y === height && renderer.getPixelRatio() === this.ratio) return false;
    renderer.setDrawingBufferSize(width, height, this.ratio);
    return true;
  }

  private async showLive(
    source: ScenePackage,
    uri: string,
    branch: Promise<BranchJson>,
    onError: (text: string) => void,
  ): Promise<void> {
    const live = new Live();
    const { tiles } = this;
    let middle: Vector3;
    try {
      await live.load(source, uri, this.loader);
      middle = middleOf(await branch);
    } catch (error) {
      onError(error instanceof PackageRefused ? error.message : 'the moving part of the scene did not load');
      return;
    }
    if (tiles !== this.tiles) return; // another package came meanwhile
    this.prepare(live.group);
    this.live = live;
    if (this.quality.isSoftware) removeLights(live.group);
    this.scene.add(live.group);
    this.lighting.adopt(live.group, middle);
  }

  private prepare(root: Object3D): void {
    calm(root);
    if (this.quality.isSoftware) simplify(root);
  }

  /** Something for metal to mirror; after first sight, since making it takes a moment. */
  private reflect(): void {
    const maker = new PMREMGenerator(this.renderer);
    this.scene.environment = maker.fromScene(new RoomEnvironment(), 0.04).texture;
    if (this.scene.environmentIntensity === 1) this.scene.environmentIntensity = 0.35;
    maker.dispose();
  }

  /** Fewer pixels where frames are slow: a smooth picture is worth more than a sharp one. */
  private adapt(frameMs: number): void {
    if (!this.tiles?.isSeen) return; // frames before first sight say nothing
    this.sinceResizeMs += frameMs;
    this.framesSinceResize++;
    if (this.sinceResizeMs < ADAPT_EVERY_MS || this.renderer.xr.isPresenting) return;
    const meanFrameMs = this.sinceResizeMs / this.framesSinceResize;
    this.sinceResizeMs = this.framesSinceResize = 0;
    let wanted = this.ratio;
    if (meanFrameMs > this.quality.slowFrameMs) wanted *= 0.8;
    else if (meanFrameMs < this.quality.quickFrameMs) wanted *= 1.1;
    const { smallestRatio, largestRatio } = this.quality;
    const ratio = Math.max(smallestRatio, Math.min(largestRatio, wanted));
    if (Math.abs(ratio - this.ratio) < 0.02) return;
    this.ratio = ratio;
    this.resize();
  }
}

function removeLights(root: Object3D): void {
  const lights: Object3D[] = [];
  root.traverse((object) => object instanceof Light && lights.push(object));
  for (const light of lights) light.removeFromParent();
}

/** Breast height in the middle of where people are: that is what exposure is measured at. */
function middleOf(branch: BranchJson): Vector3 {
  const middle = new Vector3();
  for (const anchor of branch.anchors) middle.add(new Vector3(...anchor.position));
  return middle.divideScalar(Math.max(1, branch.anchors.length)).setY(1.2);
}
