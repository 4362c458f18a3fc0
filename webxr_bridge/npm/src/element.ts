/**
 * `<branchxr-branch>`: the one element that puts a branch into a page. This is the page's own script, and
 * small: where it can, it shows the scene before it fetches three.js and all the rest (`first_light/`).
 */

import type { App, AppOptions } from './app';
import { h } from './dom';
import { FirstLight } from './first_light/first_light';
import type { FirstSight } from './messages';
import { openSurface } from './surface';

/** Beside this file: `app.ts`, and what it imports at once. The build knows their names. */
declare const APP_MODULES: readonly string[];

/**
 * Attributes: `token`, the one-time token that the host minted for this page (removed from the
 * document as soon as it is read), `socket`, the path of the page's WebSocket, and `scene`, what is known
 * of the scene already.
 */
export class BranchElement extends HTMLElement {
  private app: App | null = null;
  private starting: AbortController | null = null;

  connectedCallback(): void {
    if (this.starting) return;
    const token = this.getAttribute('token') ?? '';
    this.removeAttribute('token');
    const socket = new URL(this.getAttribute('socket') ?? '/page', location.href);
    socket.protocol = socket.protocol === 'https:' ? 'wss:' : 'ws:';
    const scene = this.getAttribute('scene');
    const sight = scene ? (JSON.parse(scene) as FirstSight) : null;
    this.starting = new AbortController();
    void this.start({ socket: socket.href, token, sight }, this.starting.signal);
  }

  /** Left where it is no more in the document by the end of the task: who is moved goes on, the token is spent. */
  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) this.stop();
    });
  }

  private stop(): void {
    this.starting?.abort();
    this.app?.close();
    this.starting = this.app = null;
    this.replaceChildren();
  }

  private async start(options: Pick<AppOptions, 'socket' | 'token' | 'sight'>, signal: AbortSignal): Promise<void> {
    const light = options.sight?.is_light ? new FirstLight(options.sight) : null;
    // All else waits for a first picture, which then comes sooner; without one, nothing waits.
    const early = light ? null : fetchApp();
    early?.catch(() => {}); // it is heard of below
    let surface = openSurface();
    this.append(surface.canvas);
    signal.addEventListener('abort', () => light?.take()?.end());
    await light?.show(surface);
    if (signal.aborted) return;
    try {
      const { App } = await (early ?? fetchApp());
      if (signal.aborted) return;
      let picture = light?.take() ?? null;
      if (surface.context?.isContextLost()) {
        picture?.end();
        picture = null;
        const { canvas } = surface;
        surface = openSurface();
        canvas.replaceWith(surface.canvas);
      }
      this.app = new App(this, { ...options, surface, picture, ahead: light?.ahead });
    } catch (error) {
      if (signal.aborted) return; // nobody is there to be told
      const again = h('button', { class: 'bx-primary', type: 'button', onclick: () => location.reload() }, 'Load it again');
      const told = surface.context ? ['The page did not load whole.', again] : ['This browser offers no WebGL 2, which draws the branch.'];
      this.append(h('div', { class: 'bx-lost', role: 'alert' }, ...told));
      throw error; // the console says why
    }
  }
}

/** One after the other, each would cost a round trip. */
async function fetchApp(): Promise<typeof import('./app')> {
  const [app] = await Promise.all(APP_MODULES.map((name) => import(name) as Promise<unknown>));
  return app as typeof import('./app');
}

customElements.define('branchxr-branch', BranchElement);
