/** The files that the Python, C# and TypeScript tests share. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function vectors<T>(name: string): T {
  const folder = join(process.cwd(), '..', '..', 'tests', 'vectors');
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
}

export function bytesOf(hex: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(hex, 'hex')).buffer;
}
