/**
 * Workers from files of our own, beside this script. three.js would make its workers from text
 * (`blob:`), which the page's policy forbids: WebAssembly is allowed in these files only, by the
 * policy they are served with, and not in the page.
 */

const NAMES = ['draco.worker.js', 'ktx2.worker.js', 'meshopt.worker.js'] as const;
export type WorkerName = (typeof NAMES)[number];

/** Two, beside the page's own thread and the compositor's: phones have four good cores. */
export const WORKERS_MAX = 2;

interface TrustedTypePolicy {
  createScriptURL(text: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(text: string): string }): TrustedTypePolicy;
}

function urlOf(name: string): string {
  if (!(NAMES as readonly string[]).includes(name)) throw new TypeError('not a worker of this page');
  return new URL(name, import.meta.url).href;
}

const policy: TrustedTypePolicy =
  (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('branchxr-workers', {
    createScriptURL: urlOf,
  }) ?? { createScriptURL: urlOf };

/** The only addresses that a worker of this page can have. */
export function workerUrl(name: WorkerName): string {
  return policy.createScriptURL(name);
}
