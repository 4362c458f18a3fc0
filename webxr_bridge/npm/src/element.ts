/** `<branchxr-branch>`: the one element that puts a branch into a page. */

import { App } from './app';
import type { FirstSight } from './messages';

/**
 * Attributes: `token`, the one-time token that the host minted for this page (removed from the
 * document as soon as it is read), `socket`, the path of the page's WebSocket, and `scene`, what is known
 * of the scene already.
 */
export class BranchElement extends HTMLElement {
  private app: App | null = null;

  connectedCallback(): void {
    if (this.app) return;
    const token = this.getAttribute('token') ?? '';
    this.removeAttribute('token');
    const socket = new URL(this.getAttribute('socket') ?? '/page', location.href);
    socket.protocol = socket.protocol === 'https:' ? 'wss:' : 'ws:';
    const scene = this.getAttribute('scene');
    const sight = scene ? (JSON.parse(scene) as FirstSight) : null;
    this.app = new App(this, { socket: socket.href, token, sight });
  }

  disconnectedCallback(): void {
    this.app?.close();
    this.app = null;
  }
}

customElements.define('branchxr-branch', BranchElement);
