/**
 * What the page and its Python half say to one another: JSON text with an `op`, and two kinds of
 * bytes (cell frames down, uplink poses up, both passed on untouched). Python decides everything
 * that matters; the page shows, walks, and holds the passkey ceremony.
 */

export type Vector = [number, number, number];
export type Quaternion = [number, number, number, number];

export interface Participant {
  id: string;
  name: string;
  role: string;
  slot: number;
  generation: number;
}

export interface PanelField {
  name: string;
  label: string;
  value: string;
}

export interface PanelButton {
  name: string;
  label: string;
}

export interface Panel {
  name: string;
  title: string;
  text: string;
  fields: PanelField[];
  buttons: PanelButton[];
  anchor: string | null;
}

export interface Account {
  id: string;
  name: string;
  currency: string;
  balance: string;
}

/** Who this page is to the branch; `participant` is empty until Python has entered the branch. */
export interface You {
  participant: string;
  name: string;
  role: string;
  slot: number;
  is_signed_in: boolean;
}

export type Ask =
  | { op: 'ask'; id: string; kind: 'register' | 'authenticate'; options: Record<string, unknown> }
  | {
      op: 'ask';
      id: string;
      kind: 'confirm';
      canonical: string;
      options: Record<string, unknown>;
    };

export type Down =
  | {
      op: 'hello';
      resume: string;
      handled: number;
      branch: string;
      is_development: boolean;
      rp_id: string;
    }
  | { op: 'you'; you: You }
  | { op: 'scene'; base: string; files: Record<string, string> }
  | { op: 'present'; participant: Participant }
  | { op: 'left'; id: string }
  | { op: 'chat'; name: string; role: string; is_own: boolean; text: string; is_emote: boolean }
  | { op: 'place'; position: Vector; yaw: number | null }
  | { op: 'path'; anchor: string; points: Vector[] | null }
  | { op: 'panel'; panel: Panel }
  | { op: 'panel_closed'; name: string }
  | { op: 'accounts'; accounts: Account[] }
  | { op: 'notice'; level: 'info' | 'error'; title: string; text: string }
  | { op: 'busy'; what: 'sign_in' | 'nothing' }
  | { op: 'branch_link'; is_connected: boolean }
  | {
      op: 'spawn';
      model: string;
      nodes: [number, number][];
      positions: number[];
      rotations: number[];
    }
  | { op: 'move'; nodes: [number, number][]; positions: number[]; rotations: number[] }
  | { op: 'remove'; nodes: [number, number][] }
  | { op: 'live'; paths: string[]; positions: number[]; rotations: number[] }
  | { op: 'ask_over'; id: string }
  | { op: 'ended'; code: string; title: string; text: string }
  | Ask;

export type Up =
  | { op: 'press'; panel: string; button: string; fields: Record<string, string> }
  | { op: 'select'; path: string | null; node: [number, number] | null }
  | { op: 'arrived'; anchor: string; kind: string }
  | { op: 'visible'; is_visible: boolean }
  | { op: 'go'; anchor: string; from: Vector }
  | { op: 'chat'; text: string }
  | { op: 'emote'; emote: string }
  | { op: 'sign_in'; how: 'use' | 'create'; name: string }
  | { op: 'sign_out' }
  | { op: 'answer'; id: string; credential: unknown }
  | { op: 'refuse'; id: string; code: string }
  | { op: 'bye' };

/** Control messages in the order they were sent; `n` lets Python drop one it has already handled. */
export type Numbered = Up & { n: number };

/** What stands in the page's HTML, so that the scene is shown before the socket is open (`first_sight.py`). */
export interface FirstSight {
  base: string;
  files: Record<string, string>;
  /** Chunks that show all of the scene, coarsely. */
  first: string[];
  /** Whether they are few bytes: they are drawn before anything else is fetched. */
  is_light: boolean;
  position: Vector;
  yaw: number;
}
