/** `<branchxr-branch>`: the one element that puts a branch into a page. */

import { App } from './app';

/**
 * Attributes: `token`, the one-time token that the host minted for this page (removed from the
 * document as soon as it is read), and `socket`, the path of the page's WebSocket.
 */
export class BranchElement extends HTMLElement {
  private app: App | null = null;

  connectedCallback(): void {
    if (this.app) return;
    const token = this.getAttribute('token') ?? '';
    this.removeAttribute('token');
    const socket = new URL(this.getAttribute('socket') ?? '/page', location.href);
    socket.protocol = socket.protocol === 'https:' ? 'wss:' : 'ws:';
    this.app = new App(this, { socket: socket.href, token });
  }

  disconnectedCallback(): void {
    this.app?.close();
    this.app = null;
  }
}

customElements.define('branchxr-branch', BranchElement);
