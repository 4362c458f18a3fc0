/** Feed frames as a Python test says, and print what is shown: both sides must show the same. */
import { readFileSync } from 'node:fs';
import { parseFrame } from '../src/frames';
import { Interpolator } from '../src/interpolation';
import { bytesOf } from './vectors';

type Step = { now_ms: number; hex: string } | { now_ms: number };

const { origin, steps } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as {
  origin: [number, number, number];
  steps: Step[];
};
const interpolator = new Interpolator(() => origin);
const shown = [];
for (const step of steps) {
  if ('hex' in step) interpolator.feed(parseFrame(bytesOf(step.hex)), step.now_ms);
  else {
    const bodies = [...interpolator.sample(step.now_ms)].sort((a, b) => a.slot - b.slot);
    shown.push(bodies.map(({ slot, flags, body }) => ({ slot, flags, ...body })));
  }
}
process.stdout.write(JSON.stringify(shown));
