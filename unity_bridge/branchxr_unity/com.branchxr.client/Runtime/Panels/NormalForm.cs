using System.Collections.Generic;

namespace BranchXR.Panels
{
    /// <summary>Unicode Standard Annex 15, from tables of our own.</summary>
    /// <remarks>
    /// <c>string.IsNormalized</c> is as old as its runtime: Mono 6.8 takes 542 compatibility ideographs for NFC
    /// that are not, and refuses newer Latin letters that are.
    /// </remarks>
    internal static class NormalForm
    {
        // Hangul is arithmetic: Unicode Standard, section 3.12.
        private const int Syllables = 0xac00, Leads = 0x1100, Vowels = 0x1161, Tails = 0x11a7;
        private const int VowelCount = 21, TailCount = 28, SyllableCount = 11172, LeadCount = 19;

        // By composite: its row in Compositions.
        private static readonly Dictionary<int, int> RowOf = Composites();

        /// <summary>Say whether a text is in form C: decomposed, ordered and composed it is the same.</summary>
        internal static bool IsC(string text)
        {
            List<int> codes = Codes(text);
            if (codes.TrueForAll(code => code < 0x300)) return true;
            var parts = new List<int>();
            foreach (int code in codes)
            {
                if (Ranges.Find(DisplayTextTables.NeverNfc, 2, code) >= 0) return false;
                Decompose(code, parts);
            }
            Order(parts);
            Compose(parts);
            if (parts.Count != codes.Count) return false;
            for (int at = 0; at < codes.Count; at++)
            {
                if (parts[at] != codes[at]) return false;
            }
            return true;
        }

        private static List<int> Codes(string text)
        {
            var codes = new List<int>(text.Length);
            for (int at = 0; at < text.Length; at++)
            {
                bool isPair = char.IsSurrogatePair(text, at);
                codes.Add(isPair ? char.ConvertToUtf32(text[at], text[++at]) : text[at]);
            }
            return codes;
        }

        // What never stands in NFC has been refused before: all others come apart into pairs.
        private static void Decompose(int code, List<int> parts)
        {
            int row;
            int syllable = code - Syllables;
            if (syllable >= 0 && syllable < SyllableCount)
            {
                parts.Add(Leads + syllable / (VowelCount * TailCount));
                parts.Add(Vowels + syllable % (VowelCount * TailCount) / TailCount);
                if (syllable % TailCount != 0) parts.Add(Tails + syllable % TailCount);
            }
            else if (RowOf.TryGetValue(code, out row))
            {
                Decompose(DisplayTextTables.Compositions[row], parts);
                Decompose(DisplayTextTables.Compositions[row + 1], parts);
            }
            else
            {
                parts.Add(code);
            }
        }

        private static void Order(List<int> parts)
        {
            for (int at = 1; at < parts.Count; at++)
            {
                int code = parts[at];
                int combining = ClassOf(code);
                int place = at;
                for (; combining != 0 && place > 0 && ClassOf(parts[place - 1]) > combining; place--)
                {
                    parts[place] = parts[place - 1];
                }
                parts[place] = code;
            }
        }

        private static void Compose(List<int> parts)
        {
            int starter = -1;
            int before = 0;
            for (int at = 0; at < parts.Count; at++)
            {
                int combining = ClassOf(parts[at]);
                // What stands between it and the starter blocks it, unless of a lower class.
                bool isReached = starter == at - 1 || (before != 0 && before < combining);
                int composite = starter >= 0 && isReached ? Composite(parts[starter], parts[at]) : -1;
                if (composite >= 0)
                {
                    parts[starter] = composite;
                    parts.RemoveAt(at--);
                    continue;
                }
                if (combining == 0) starter = at;
                before = combining;
            }
        }

        private static int Composite(int first, int second)
        {
            int lead = first - Leads, vowel = second - Vowels, syllable = first - Syllables, tail = second - Tails;
            if (lead >= 0 && lead < LeadCount && vowel >= 0 && vowel < VowelCount)
            {
                return Syllables + (lead * VowelCount + vowel) * TailCount;
            }
            bool isOpen = syllable >= 0 && syllable < SyllableCount && syllable % TailCount == 0;
            if (isOpen && tail > 0 && tail < TailCount) return first + tail;
            int[] rows = DisplayTextTables.Compositions;
            int low = 0;
            int high = rows.Length / 3 - 1;
            while (low <= high)
            {
                int middle = (low + high) / 2;
                int difference = rows[middle * 3] - first;
                if (difference == 0) difference = rows[middle * 3 + 1] - second;
                if (difference == 0) return rows[middle * 3 + 2];
                if (difference > 0) high = middle - 1;
                else low = middle + 1;
            }
            return -1;
        }

        private static int ClassOf(int code)
        {
            int row = Ranges.Find(DisplayTextTables.CombiningClasses, 3, code);
            return row < 0 ? 0 : DisplayTextTables.CombiningClasses[row * 3 + 2];
        }

        private static Dictionary<int, int> Composites()
        {
            var rows = new Dictionary<int, int>();
            int[] table = DisplayTextTables.Compositions;
            for (int row = 0; row < table.Length; row += 3) rows.Add(table[row + 2], row);
            return rows;
        }
    }
}
