/** Put it together: messages in, a picture out, and what the person does sent back. */

import { Vector3 } from 'three';
import { Chat } from './chat';
import { ConfirmDialog } from './confirm';
import { Controls } from './controls';
import { h } from './dom';
import type { Picture } from './first_light/picture';
import { KEY, parseFrame } from './frames';
import { Hud } from './hud';
import { Immersion } from './immersion';
import { Interpolator } from './interpolation';
import { Link, type LinkState } from './link';
import type { Ask, Down, FirstSight, Participant, Quaternion, Vector, You } from './messages';
import { type Anchor, PackageRefused, ScenePackage } from './package';
import { Panels } from './panels';
import { CeremonyRefused, create, use } from './passkeys';
import { SignInDialog } from './sign_in';
import type { Surface } from './surface';
import { View } from './view';
import { Walk } from './walk';
import { Headset } from './xr';

/** Kinds of anchors that are worth a line in the list of places, in that order. */
const PLACES = ['counter', 'atm', 'panel', 'queue', 'spawn'];
const PLACES_MAX = 24;
/** A page that draws slowly still walks at a walking pace; one that slept does not leap. */
const LONGEST_STEP_S = 0.5;

export interface AppOptions {
  readonly socket: string;
  readonly token: string;
  readonly sight: FirstSight | null;
  readonly surface: Surface;
  /** What is on the surface already. */
  readonly picture: Picture | null;
  /** Files of the sight's package that are checked, or on their way. */
  readonly ahead: ScenePackage['ahead'] | undefined;
}

export class App {
  private readonly canvas: HTMLCanvasElement;
  private readonly stick = h('div', { class: 'bx-stick', hidden: true }, h('span'));
  private readonly link: Link;
  private readonly view: View;
  private readonly walk: Walk;
  private readonly interpolator: Interpolator;
  private readonly controls: Controls;
  private readonly headset: Headset;
  private readonly immersion: Immersion;
  private readonly hud: Hud;
  private readonly chat: Chat;
  private readonly panels: Panels;
  private readonly confirm: ConfirmDialog;
  private readonly signIn: SignInDialog;
  private readonly people = new Map<string, Participant>();
  private readonly ceremonies = new Map<string, AbortController>();
  private anchors: Anchor[] = [];
  private you: You | null = null;
  private rpId = '';
  private source: ScenePackage | null = null;
  private lastFrameMs = 0;
  private lastState: LinkState = 'connecting';

  /** `root` holds the surface's canvas already. */
  constructor(root: HTMLElement, options: AppOptions) {
    this.canvas = options.surface.canvas;
    this.interpolator = new Interpolator((cell) => this.walk.originOf(cell));
    this.walk = new Walk(
      (bytes) => this.link.sendPose(bytes),
      (anchor) => this.link.send({ op: 'arrived', anchor: anchor.path, kind: anchor.kind }),
      (anchor, from) => this.link.send({ op: 'go', anchor: anchor.path, from }),
    );
    this.hud = new Hud({
      signIn: () => this.signIn.open(),
      signOut: () => this.link.send({ op: 'sign_out' }),
      go: (anchor) => this.go(anchor),
    });
    const backToPicture = (): void => this.canvas.focus({ preventScroll: true });
    this.chat = new Chat((text) => this.link.send({ op: 'chat', text }), backToPicture);
    this.panels = new Panels((panel, button, fields) =>
      this.link.send({ op: 'press', panel, button, fields }), backToPicture);
    root.append(
      this.hud.top, this.panels.element, this.hud.side, this.chat.element,
      this.hud.notices, this.hud.help, this.hud.lost, this.stick,
    );
    this.confirm = new ConfirmDialog(root);
    this.signIn = new SignInDialog(root, (how, name) => this.link.send({ op: 'sign_in', how, name }));
    this.view = new View(options.surface, options.picture);
    this.controls = new Controls(this.canvas, this.walk.body, (x, y) => this.click(x, y));
    this.controls.onStick = (stick) => this.showStick(stick);
    this.headset = new Headset(this.view.renderer, this.view.rig, {
      onChange: (isPresenting) => this.presentingChanged(isPresenting),
      onSelect: (ray) => this.immersion.select(ray) || this.select(this.view.pick(ray)),
      onTurn: (radians) => this.walk.body.look(radians, 0),
      onError: (text) => this.hud.notice('error', 'The headset did not start', text),
    });
    this.immersion = new Immersion(this.view, this.headset, (panel, button) =>
      this.link.send({ op: 'press', panel, button, fields: this.panels.fieldsOf(panel) }));
    this.hud.addTool(this.headset.button);
    this.link = new Link(options.socket, options.token, {
      onState: (state, reason) => this.linkChanged(state, reason),
      onMessage: (message) => this.receive(message),
      onFrame: (frame) => this.receiveFrame(frame),
    });
    this.listen();
    if (options.sight) this.showAtOnce(options.sight, options.ahead);
    this.link.open();
    this.view.renderer.setAnimationLoop((now) => this.frame(now));
  }

  close(): void {
    this.view.renderer.setAnimationLoop(null);
    this.view.endPicture();
    this.link.leave();
  }

  private listen(): void {
    new ResizeObserver(() => this.view.fit()).observe(this.canvas);
    addEventListener('online', () => this.link.retryNow());
    addEventListener('pagehide', (event) => {
      if (!event.persisted) this.link.leave();
    });
    document.addEventListener('visibilitychange', () =>
      this.link.send({ op: 'visible', is_visible: document.visibilityState === 'visible' }));
  }

  private frame(now: number): void {
    const dt = Math.min(LONGEST_STEP_S, Math.max(0, (now - this.lastFrameMs) / 1000));
    this.lastFrameMs = now;
    const clock = performance.now();
    const wish = this.headset.isPresenting ? this.headset.wish() : this.controls.wish();
    if (wish.ahead || wish.aside) this.hud.hideHelp();
    this.walk.body.step(wish, dt);
    this.view.follow(this.walk.body, this.headset.isPresenting);
    const eye = this.view.eye();
    this.view.avatars.update(this.interpolator.sample(clock), eye.position, dt);
    this.view.draw(dt);
    if (!this.you?.participant) return;
    this.walk.notice();
    const rotation = eye.rotation.toArray() as Quaternion;
    this.walk.uplink(clock, { position: eye.position.toArray(), rotation }, this.headset.hands());
  }

  private receiveFrame(bytes: ArrayBuffer): void {
    // A frame of a kind this page does not know is skipped, as docs/protocol.md asks.
    if (new Uint8Array(bytes, 0, 1)[0] !== KEY) return;
    const frame = parseFrame(bytes);
    this.interpolator.feed(frame, performance.now());
  }

  private receive(message: Down): void {
    switch (message.op) {
      case 'hello': return this.welcome(message);
      case 'you': return this.setYou(message.you);
      case 'scene': return void this.showScene(message.base, message.files);
      case 'present': return this.setPresent(message.participant);
      case 'left': return this.setLeft(message.id);
      case 'chat': return this.chat.add(message);
      case 'place': return this.walk.place(message.position, message.yaw);
      case 'path': return this.follow(message.anchor, message.points);
      case 'panel': this.panels.show(message.panel); return this.immersion.show(this.panels.all, this.anchors);
      case 'panel_closed': this.panels.close(message.name); return this.immersion.show(this.panels.all, this.anchors);
      case 'accounts': return this.hud.setAccounts(message.accounts);
      case 'notice': return this.hud.notice(message.level, message.title, message.text);
      case 'busy': return this.hud.setBusy(message.what !== 'nothing');
      case 'branch_link': return this.hud.setLost(message.is_connected ? null : 'The branch does not answer. Trying again…');
      case 'spawn': return this.view.nodes.spawn(message.model, message.nodes, message.positions, message.rotations);
      case 'move': return this.view.nodes.move(message.nodes, message.positions, message.rotations);
      case 'remove': return this.view.nodes.remove(message.nodes);
      case 'live': return this.view.live?.move(message.paths, message.positions, message.rotations);
      case 'ask': return void this.answer(message);
      case 'ask_over': return this.endAsk(message.id);
      case 'ended': return message.code === 'signed_out' ? undefined : this.hud.notice('error', message.title, message.text);
    }
  }

  /** A fresh socket: what follows is the whole state, so what was shown is dropped. */
  private welcome(hello: Extract<Down, { op: 'hello' }>): void {
    this.rpId = hello.rp_id;
    this.hud.describe(hello.branch, hello.is_development);
    this.people.clear();
    this.view.avatars.clear();
    this.view.nodes.clear();
    this.interpolator.clear();
    this.panels.clear();
    this.chat.clear();
    this.hud.setPeople([]);
  }

  private setYou(you: You): void {
    const hasJustSignedIn = you.is_signed_in && this.you !== null && !this.you.is_signed_in;
    this.you = you;
    this.walk.ownSlot = this.view.avatars.ownSlot = you.slot;
    this.hud.setYou(you);
    this.chat.setAllowed(you.is_signed_in);
    if (hasJustSignedIn) this.canvas.focus({ preventScroll: true });
  }

  private setPresent(participant: Participant): void {
    this.people.set(participant.id, participant);
    this.view.avatars.set(participant);
    this.hud.setPeople([...this.people.values()]);
  }

  private setLeft(id: string): void {
    const slot = this.people.get(id)?.slot;
    if (slot !== undefined) this.interpolator.remove(slot);
    this.people.delete(id);
    this.view.avatars.remove(id);
    this.hud.setPeople([...this.people.values()]);
  }

  /** The scene, from where a guest comes in; the branch says where one really stands. */
  private showAtOnce(sight: FirstSight, ahead: AppOptions['ahead']): void {
    this.walk.body.place(sight.position, sight.yaw);
    void this.showScene(sight.base, sight.files, ahead);
  }

  private async showScene(base: string, files: Record<string, string>, ahead?: AppOptions['ahead']): Promise<void> {
    const address = new URL(base, location.href);
    if (this.source?.adopt(address, files)) return;
    const source = new ScenePackage(address, files, ahead);
    this.source = source;
    const failed = (text: string): void => this.hud.notice('error', 'Part of the scene is missing', text);
    try {
      const branch = await this.view.show(source, () => this.canvas.setAttribute('data-shown', ''), failed);
      if (this.source !== source) return; // another one came meanwhile
      this.anchors = branch.anchors;
      this.walk.adopt(branch);
      this.hud.setPlaces(placesOf(branch.anchors));
    } catch (error) {
      if (this.source === source) this.source = null;
      failed(error instanceof PackageRefused ? error.message : 'the scene did not load');
    }
  }

  private go(anchor: Anchor): void {
    this.hud.hideHelp();
    this.walk.goTo(anchor);
  }

  private follow(path: string, points: Vector[] | null): void {
    if (this.walk.follow(path, points)) return;
    this.hud.notice('info', 'There is no way there', 'Something stands between.');
  }

  private click(x: number, y: number): void {
    this.select(this.view.pick(this.view.rayAt(x, y)));
  }

  private select(hit: { node: [number, number] | null; path: string | null } | null): void {
    if (hit) this.link.send({ op: 'select', ...hit });
  }

  private async answer(ask: Ask): Promise<void> {
    if (this.ceremonies.has(ask.id)) return; // asked again after a resume; the first still stands
    const abort = new AbortController();
    this.ceremonies.set(ask.id, abort);
    try {
      if (ask.kind === 'confirm') {
        const outcome = this.headset.isPresenting
          ? await this.immersion.confirm(ask, this.rpId, abort.signal)
          : await this.confirm.ask(ask, this.rpId);
        if ('code' in outcome) this.link.send({ op: 'refuse', id: ask.id, code: outcome.code });
        else this.link.send({ op: 'answer', id: ask.id, credential: outcome.credential });
        return;
      }
      if (this.headset.isPresenting) await this.headset.end();
      const ceremony = ask.kind === 'register' ? create : use;
      this.link.send({ op: 'answer', id: ask.id, credential: await ceremony(ask.options, abort.signal) });
    } catch (error) {
      const code = error instanceof CeremonyRefused ? error.code : 'ceremony_failed';
      this.link.send({ op: 'refuse', id: ask.id, code });
    } finally {
      this.ceremonies.delete(ask.id);
    }
  }

  private endAsk(id: string): void {
    const abort = this.ceremonies.get(id);
    if (!abort) return;
    abort.abort();
    if (this.confirm.isOpen) this.confirm.dismiss('over');
  }

  private linkChanged(state: LinkState, reason: string): void {
    const wasLost = this.lastState === 'lost';
    this.lastState = state;
    this.canvas.dataset['link'] = state;
    if (state === 'open') {
      this.hud.setLost(null);
      if (wasLost) this.hud.notice('info', 'You are back', 'The connection is restored.');
    } else if (state === 'lost') {
      this.hud.setLost('Connection lost. Coming back…');
    } else if (state === 'over' && reason !== 'left') {
      const again = h('button', { class: 'bx-primary', type: 'button', onclick: () => location.reload() }, 'Come in again');
      this.hud.setLost(ENDINGS[reason] ?? 'This visit is over.', again);
      again.focus();
    }
  }

  private presentingChanged(isPresenting: boolean): void {
    this.immersion.setPresenting(isPresenting);
    this.immersion.show(this.panels.all, this.anchors);
    if (!isPresenting) this.view.fit();
  }

  private showStick(stick: { x: number; y: number; dx: number; dy: number } | null): void {
    this.stick.hidden = stick === null;
    if (!stick) return;
    this.stick.style.transform = `translate(${stick.x}px, ${stick.y}px)`;
    (this.stick.firstElementChild as HTMLElement).style.transform = `translate(${stick.dx}px, ${stick.dy}px)`;
  }

  /** For tests and the console: where one stands and how many bodies are drawn. */
  get state(): { position: Vector; yaw: number; people: number; link: LinkState; calls: number } {
    const { body } = this.walk;
    const { calls } = this.view.renderer.info.render;
    return { position: body.position, yaw: body.yaw, people: this.people.size, link: this.lastState, calls };
  }

  /** Where a body is on the window, in CSS pixels, or `null` when it is behind or not known. */
  project(id: string): [number, number] | null {
    const slot = this.people.get(id)?.slot;
    for (const sample of this.interpolator.sample(performance.now())) {
      if (sample.slot !== slot) continue;
      const point = new Vector3(...sample.body.head).project(this.view.camera);
      if (point.z > 1) return null;
      const { clientWidth, clientHeight } = this.canvas;
      return [((point.x + 1) / 2) * clientWidth, ((1 - point.y) / 2) * clientHeight];
    }
    return null;
  }
}

function placesOf(anchors: readonly Anchor[]): Anchor[] {
  return anchors
    .filter(({ kind }) => PLACES.includes(kind))
    .sort((a, b) => PLACES.indexOf(a.kind) - PLACES.indexOf(b.kind) || a.path.localeCompare(b.path))
    .slice(0, PLACES_MAX);
}

const ENDINGS: Record<string, string> = {
  refused: 'This page has been used up, or the branch is full.',
  signed_out: 'You have signed out.',
  too_long: 'The connection was gone for too long.',
  script_failed: 'The program behind this page failed.',
};
