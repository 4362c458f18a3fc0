/** Draws chunks of plain triangles with WebGL 2 alone, and leaves the context as it was found. */

import { EYE_HEIGHT_M } from '../body';
import { BACKGROUND, FAR_M, fieldOfView, NEAR_M, rgb } from '../look';
import type { Vector } from '../messages';
import type { Surface } from '../surface';
import type { Chunk, Part } from './chunk';
import { fragment, VERTEX } from './shaders';

/** Where somebody stands, on the floor, and radians about +y; 0 looks along -z. */
export interface Stance {
  readonly position: Vector;
  readonly yaw: number;
}

/** A part, and the buffers that its bytes lie in: one of vertices, one of indices. */
interface Drawn extends Part {
  readonly vertices: WebGLBuffer;
  readonly triangles: WebGLBuffer;
}

export class Picture {
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private readonly array: WebGLVertexArrayObject;
  private readonly buffers: WebGLBuffer[] = [];
  private readonly drawn: readonly Drawn[];
  private readonly eye: Vector;
  /** The canvas may change its size without the window: a style that comes late, a page that makes room. */
  private readonly watch = new ResizeObserver(() => {
    if (!this.isFit()) this.draw();
  });
  private isOver = false;

  /** Throws where the context is lost, or its compiler refuses. */
  constructor(private readonly surface: Surface, chunks: readonly Chunk[], private readonly stance: Stance) {
    const gl = surface.context;
    if (!gl) throw new Error('no WebGL 2');
    this.gl = gl;
    const [x, y, z] = stance.position;
    this.eye = [x, y + EYE_HEIGHT_M, z];
    this.program = link(gl, VERTEX, fragment(!surface.quality.isSoftware));
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    this.drawn = this.inOrder(chunks.flatMap((chunk) => this.upload(chunk)));
    gl.bindVertexArray(null);
    this.watch.observe(surface.canvas);
  }

  /** Draw it as large as the canvas is shown. */
  draw(): void {
    if (this.isOver) return;
    const { gl, program } = this;
    const aspect = this.fit();
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(...rgb(BACKGROUND), 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(program);
    gl.bindVertexArray(this.array);
    const height = 1 / Math.tan((fieldOfView(aspect) * Math.PI) / 360);
    const depth = NEAR_M - FAR_M;
    gl.uniform4f(this.at('projection'), height / aspect, height, (FAR_M + NEAR_M) / depth, (2 * FAR_M * NEAR_M) / depth);
    gl.uniform2f(this.at('turn'), Math.cos(this.stance.yaw), Math.sin(this.stance.yaw));
    for (const part of this.drawn) this.drawPart(part);
    this.leaveClean();
  }

  /** Leave the canvas's size to another, who draws again after a change. */
  rest(): void {
    this.watch.disconnect();
  }

  /** Free what was made; nothing is drawn any more. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.rest();
    this.gl.deleteProgram(this.program);
    this.gl.deleteVertexArray(this.array);
    for (const buffer of this.buffers) this.gl.deleteBuffer(buffer);
  }

  /** Size the canvas as `View` does; a canvas whose size is set again is empty, even if it is the same. */
  private fit(): number {
    const { canvas } = this.surface;
    const [wide, high] = this.wanted();
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    return (canvas.clientWidth || 1) / (canvas.clientHeight || 1);
  }

  private isFit(): boolean {
    const { canvas } = this.surface;
    const [wide, high] = this.wanted();
    return canvas.width === wide && canvas.height === high;
  }

  /** Pixels, across and upright. */
  private wanted(): [number, number] {
    const { canvas, quality } = this.surface;
    const pixels = (length: number): number => Math.floor((length || 1) * quality.largestRatio);
    return [pixels(canvas.clientWidth), pixels(canvas.clientHeight)];
  }

  private drawPart(part: Drawn): void {
    const { gl } = this;
    const { positions, indices, material, scale } = part;
    gl.bindBuffer(gl.ARRAY_BUFFER, part.vertices);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, part.triangles);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 3, positions.type, positions.isNormalized, positions.stride, positions.offset);
    gl.uniform3fv(this.at('scale'), scale);
    gl.uniform3fv(this.at('offset'), part.translation.map((at, axis) => at - this.eye[axis]!));
    gl.uniform4fv(this.at('colour'), material.colour);
    gl.uniform3fv(this.at('emissive'), material.emissive);
    gl.uniform1f(this.at('roughness'), material.roughness);
    gl.uniform1i(this.at('isUnlit'), Number(material.isUnlit));
    toggle(gl, gl.BLEND, material.isBlended);
    gl.depthMask(!material.isBlended);
    const draw = (): void => gl.drawElements(gl.TRIANGLES, indices.count, indices.type, indices.offset);
    toggle(gl, gl.CULL_FACE, !material.isDoubleSided || material.isBlended);
    if (material.isDoubleSided && material.isBlended) {
      gl.cullFace(gl.FRONT); // what is behind shines through, as three.js has it
      draw();
    }
    gl.cullFace(gl.BACK);
    draw();
  }

  /** three.js draws material by material, and then what shines through, the farthest first. */
  private inOrder(parts: readonly Drawn[]): Drawn[] {
    const [sin, cos] = [Math.sin(this.stance.yaw), Math.cos(this.stance.yaw)];
    const ahead = ({ middle }: Part): number => -sin * (middle[0] - this.eye[0]) - cos * (middle[2] - this.eye[2]);
    return [
      ...parts.filter(({ material }) => !material.isBlended),
      ...parts.filter(({ material }) => material.isBlended).sort((a, b) => ahead(b) - ahead(a)),
    ];
  }

  private upload({ bytes, parts }: Chunk): Drawn[] {
    const fill = (target: number): WebGLBuffer => {
      const buffer = this.gl.createBuffer();
      this.buffers.push(buffer);
      this.gl.bindBuffer(target, buffer);
      this.gl.bufferData(target, bytes, this.gl.STATIC_DRAW);
      return buffer;
    };
    // WebGL keeps indices apart from all else; the bytes are few enough to be there twice.
    const [vertices, triangles] = [fill(this.gl.ARRAY_BUFFER), fill(this.gl.ELEMENT_ARRAY_BUFFER)];
    return parts.map((part) => ({ ...part, vertices, triangles }));
  }

  private at(name: string): WebGLUniformLocation | null {
    return this.gl.getUniformLocation(this.program, name);
  }

  private leaveClean(): void {
    const { gl } = this;
    gl.bindVertexArray(null);
    gl.bindBuffer(gl.ARRAY_BUFFER, null);
    gl.useProgram(null);
    for (const test of [gl.DEPTH_TEST, gl.BLEND, gl.CULL_FACE]) gl.disable(test);
    gl.depthMask(true);
    gl.depthFunc(gl.LESS);
    gl.blendFunc(gl.ONE, gl.ZERO);
    gl.clearColor(0, 0, 0, 0);
  }
}

function toggle(gl: WebGL2RenderingContext, what: number, isOn: boolean): void {
  if (isOn) gl.enable(what);
  else gl.disable(what);
}

function link(gl: WebGL2RenderingContext, ...sources: [vertex: string, fragment: string]): WebGLProgram {
  const program = gl.createProgram();
  const shaders = [gl.VERTEX_SHADER, gl.FRAGMENT_SHADER].map((type, index) => {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, sources[index]!);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    return shader;
  });
  gl.bindAttribLocation(program, 0, 'position');
  gl.linkProgram(program);
  for (const shader of shaders) gl.deleteShader(shader); // the program keeps what it needs
  if (gl.getProgramParameter(program, gl.LINK_STATUS)) return program;
  const said = gl.getProgramInfoLog(program);
  gl.deleteProgram(program);
  throw new Error(said ?? 'no program');
}
