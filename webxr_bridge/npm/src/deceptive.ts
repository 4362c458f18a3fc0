/** Which text may stand in front of somebody who decides; as `branchxr.protocol.text`. */

/** Control, format, surrogate, private characters and line separators. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

/** Scripts whose letters pass for one another. */
const LOOK_ALIKE = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
];

/**
 * Letters and digits that are another one in costume: Unicode's <font>, <circle>, <square>,
 * <wide> and <narrow> decompositions, by their blocks.
 */
const COSTUME =
  /(?=[\p{L}\p{N}])[\u2102-\u2149\u2460-\u249b\u24b6-\u24ff\u3192-\u319f\u3200-\u33ff\ufb20-\ufb29\uff01-\uffdc\u{1d400}-\u{1d7ff}\u{1ee00}-\u{1eeff}\u{1f100}-\u{1f1ff}\u{1fbf0}-\u{1fbf9}]/u;

/** Say whether a text could deceive its reader. */
export function isDeceptive(text: string, maxCharacters: number): boolean {
  if ([...text].length > maxCharacters || text.normalize('NFC') !== text) return true;
  if (FORBIDDEN.test(text) || COSTUME.test(text)) return true;
  return text.split(/\s+/u).some((word) => LOOK_ALIKE.filter((s) => s.test(word)).length > 1);
}
