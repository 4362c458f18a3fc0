/** The canvas, what draws on it, and how much drawing costs there. No three: it comes first. */

import { h } from './dom';

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export interface Quality {
  readonly isSoftware: boolean;
  readonly largestRatio: number;
  readonly smallestRatio: number;
  /** Frames slower than this cost pixels. */
  readonly slowFrameMs: number;
  /** Frames quicker than this win pixels back: the first ones are slow everywhere. */
  readonly quickFrameMs: number;
}

/** A canvas with its one context; `null` where the browser has no WebGL 2. */
export interface Surface {
  readonly canvas: HTMLCanvasElement;
  readonly context: WebGL2RenderingContext | null;
  readonly quality: Quality;
}

/**
 * Make a canvas, and look at what draws on it. Software, where a context takes some hundred milliseconds,
 * goes on with that one; a graphics processor gets another, which smooths edges: a context cannot change.
 */
export function openSurface(): Surface {
  const canvas = makeCanvas();
  const context = contextOf(canvas, false);
  const quality = qualityOf(context);
  if (!context || quality.isSoftware) return { canvas, context, quality };
  context.getExtension('WEBGL_lose_context')?.loseContext();
  const smooth = makeCanvas();
  return { canvas: smooth, context: contextOf(smooth, true), quality };
}

function makeCanvas(): HTMLCanvasElement {
  return h('canvas', {
    class: 'bx-canvas', tabindex: '0', role: 'application',
    'aria-label': 'The branch in 3D. Arrow keys or W A S D walk, Q and E turn. Places are in a list after the picture.',
  });
}

function contextOf(canvas: HTMLCanvasElement, antialias: boolean): WebGL2RenderingContext | null {
  return canvas.getContext('webgl2', { antialias, stencil: false, powerPreference: 'high-performance' });
}

function qualityOf(context: WebGL2RenderingContext | null): Quality {
  const named = context?.getExtension('WEBGL_debug_renderer_info');
  const renderer = named ? String(context!.getParameter(named.UNMASKED_RENDERER_WEBGL)) : '';
  const isSoftware = SOFTWARE.test(renderer);
  return {
    isSoftware,
    largestRatio: isSoftware ? 1 : Math.min(window.devicePixelRatio || 1, 2),
    // Measured with 12 bodies at 1280 x 720 on two busy cores: 172 ms at 1, 119 at 0.8, 82 at 0.6,
    // which looks like blocks. Walking is the same at 8 frames a second as at 12.
    smallestRatio: isSoftware ? 0.8 : 0.7,
    slowFrameMs: isSoftware ? 200 : 45,
    quickFrameMs: isSoftware ? 130 : 18,
  };
}
