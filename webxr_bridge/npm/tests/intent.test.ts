import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base64url, canonicalize, challengeOf, IntentRefused, parseIntent, requireSameChallenge } from '../src/intent';
import { vectors } from './vectors';

interface Golden {
  name: string;
  intent: { amount: string; currency: string; creditor: { name: string; account: string } };
  canonical: string;
  challenge: string;
}

const intents = vectors<{ golden: Golden[]; refused: { name: string; canonical: string; code: string }[] }>('intent.json');
const jcs = vectors<{ accepted: { name: string; json: string; canonical: string }[] }>('jcs.json');

test('the challenge is that of Python, over the bytes that are shown', async () => {
  for (const golden of intents.golden) {
    assert.equal(canonicalize(golden.intent), golden.canonical, golden.name);
    const challenge = Buffer.from(await challengeOf(new TextEncoder().encode(golden.canonical)));
    assert.equal(challenge.toString('hex'), golden.challenge, golden.name);
  }
});

test('what is shown is what the canonical text says', () => {
  for (const { name, canonical, intent } of intents.golden) {
    const shown = parseIntent(canonical);
    assert.equal(shown.amount, intent.amount, name);
    assert.equal(shown.currency, intent.currency, name);
    assert.equal(shown.creditorName, intent.creditor.name, name);
    assert.equal(shown.creditorAccount, intent.creditor.account, name);
  }
});

test('nothing is shown for signing that Python would refuse', () => {
  assert.ok(intents.refused.length >= 40);
  for (const { name, canonical } of intents.refused) {
    assert.throws(() => parseIntent(canonical), IntentRefused, name);
  }
});

test('another challenge than that of the shown text is not signed', async () => {
  const [first, second] = intents.golden;
  const own = base64url(await challengeOf(new TextEncoder().encode(first!.canonical)));
  await requireSameChallenge(first!.canonical, own);
  await assert.rejects(requireSameChallenge(second!.canonical, own), IntentRefused);
  await assert.rejects(requireSameChallenge(first!.canonical, undefined), IntentRefused);
});

test('canonical JSON is that of RFC 8785', () => {
  for (const { name, json, canonical } of jcs.accepted) {
    assert.equal(canonicalize(JSON.parse(json)), canonical, name);
  }
  assert.throws(() => canonicalize(['\ud800']), IntentRefused);
});
