/** WebAuthn ceremonies, by the browser's own JSON forms (Level 3, section 5.1.8). */

export class CeremonyRefused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Whether this browser can hold the ceremonies at all (a secure context, recent enough). */
export function hasPasskeys(): boolean {
  return (
    'PublicKeyCredential' in window &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function' &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function'
  );
}

/** Create a passkey; returns `RegistrationResponseJSON`. */
export function create(options: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
  return held(async () =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
        inner(options) as unknown as PublicKeyCredentialCreationOptionsJSON,
      ),
      signal,
    }),
  );
}

/** Use a passkey; returns `AuthenticationResponseJSON`. */
export function use(options: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
  return held(async () =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
        inner(options) as unknown as PublicKeyCredentialRequestOptionsJSON,
      ),
      signal,
    }),
  );
}

/** Options may come bare or as `{publicKey: …}`; both forms are in the standard's examples. */
export function inner(options: Record<string, unknown>): Record<string, unknown> {
  return (options['publicKey'] as Record<string, unknown> | undefined) ?? options;
}

async function held(ceremony: () => Promise<Credential | null>): Promise<unknown> {
  if (!hasPasskeys()) throw new CeremonyRefused('no_passkeys_here');
  try {
    const credential = await ceremony();
    if (!(credential instanceof PublicKeyCredential)) throw new CeremonyRefused('no_credential');
    return credential.toJSON();
  } catch (error) {
    if (error instanceof CeremonyRefused) throw error;
    const name = error instanceof DOMException ? error.name : 'unknown';
    throw new CeremonyRefused(CODES[name] ?? 'ceremony_failed');
  }
}

const CODES: Record<string, string> = {
  NotAllowedError: 'declined', // refused, timed out, or no matching passkey: the browser won't say
  AbortError: 'aborted',
  InvalidStateError: 'passkey_exists',
  SecurityError: 'wrong_origin',
};
