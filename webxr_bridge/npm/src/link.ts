/**
 * The socket to the page's own origin. The first connection is bought with the one-time token of
 * the page, each later one with the resume secret that the first answered with; both travel as a
 * subprotocol, never in an address, and live in this page's memory only.
 */

import type { Down, Numbered, Up } from './messages';

const SUBPROTOCOL = 'branchxr.page.1';
const FIRST_DELAY_MS = 200;
const LARGEST_DELAY_MS = 5_000;
/** Python keeps a page's task this long without a socket; afterwards only a reload helps. */
const KEEP_MS = 120_000;
/** Above this much unsent data poses are dropped: the next one says it all. */
const BUFFERED_LIMIT_BYTES = 16_384;
const UNHANDLED_LIMIT = 256;

export type LinkState = 'connecting' | 'open' | 'lost' | 'over';

export interface LinkEvents {
  onState(state: LinkState, reason: string): void;
  onMessage(message: Down): void;
  onFrame(frame: ArrayBuffer): void;
}

export class Link {
  private socket: WebSocket | null = null;
  private resume = '';
  private number = 0;
  private readonly unhandled: Numbered[] = [];
  private attempts = 0;
  private lostAt = 0;
  private state: LinkState = 'connecting';
  private timer: number | undefined;

  constructor(
    private readonly url: string,
    private token: string,
    private readonly events: LinkEvents,
    private readonly random: () => number = Math.random,
  ) {}

  get isOpen(): boolean {
    return this.state === 'open';
  }

  open(): void {
    const secret = this.resume ? `resume.${this.resume}` : `token.${this.token}`;
    const socket = new WebSocket(this.url, [SUBPROTOCOL, secret]);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.receive(event.data as string | ArrayBuffer);
    socket.onclose = (event) => this.closed(socket, event);
    this.socket = socket;
  }

  /** Send a control message; one that no socket could take waits and is sent again in order. */
  send(message: Up): void {
    if (this.state === 'over') return;
    const numbered = { ...message, n: ++this.number };
    this.unhandled.push(numbered);
    if (this.unhandled.length > UNHANDLED_LIMIT) this.unhandled.shift();
    if (this.isOpen) this.socket?.send(JSON.stringify(numbered));
  }

  /** Send a pose now or never. */
  sendPose(bytes: ArrayBuffer): void {
    if (!this.isOpen || !this.socket || this.socket.bufferedAmount > BUFFERED_LIMIT_BYTES) return;
    this.socket.send(bytes);
  }

  /** Try again at once, as when the browser says that it is online again. */
  retryNow(): void {
    if (this.state !== 'lost' || this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.open();
  }

  /** Leave for good: Python need not keep anything for this page. */
  leave(): void {
    if (this.isOpen) this.socket?.send(JSON.stringify({ op: 'bye', n: ++this.number }));
    this.end('left');
  }

  private receive(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') {
      this.events.onFrame(data);
      return;
    }
    const message = JSON.parse(data) as Down | { op: 'handled'; n: number };
    if (message.op === 'handled') {
      this.forget(message.n);
      return;
    }
    if (message.op === 'hello') this.welcome(message.resume, message.handled);
    this.events.onMessage(message);
    if (message.op === 'ended') this.end(message.code);
  }

  private welcome(resume: string, handled: number): void {
    this.resume = resume;
    this.token = '';
    this.attempts = 0;
    this.forget(handled);
    this.setState('open', '');
    for (const message of this.unhandled) this.socket?.send(JSON.stringify(message));
  }

  private forget(handled: number): void {
    while (this.unhandled[0] && this.unhandled[0].n <= handled) this.unhandled.shift();
  }

  private closed(socket: WebSocket, event: CloseEvent): void {
    if (socket !== this.socket || this.state === 'over') return;
    const now = performance.now();
    if (this.state !== 'lost') this.lostAt = now;
    const isRefused = event.code === 4401 || (event.code === 1006 && !this.resume);
    if (isRefused || now - this.lostAt > KEEP_MS) {
      this.end(isRefused ? 'refused' : 'too_long');
      return;
    }
    this.setState('lost', event.reason);
    // Full jitter: a restarted host is not met by all its pages in the same instant.
    const ceiling = Math.min(LARGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.attempts++);
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      this.open();
    }, ceiling * (0.2 + 0.8 * this.random()));
  }

  private end(reason: string): void {
    clearTimeout(this.timer);
    this.setState('over', reason);
    this.socket?.close();
  }

  private setState(state: LinkState, reason: string): void {
    if (state === this.state || this.state === 'over') return;
    this.state = state;
    this.events.onState(state, reason);
  }
}
