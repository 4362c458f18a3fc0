namespace BranchXR.Panels
{
    /// <summary>Which text may stand in front of somebody who decides; as <c>branchxr.protocol.text</c>.</summary>
    /// <remarks>
    /// Text that looks like other text is how a payee is faked. Refused: text that is not NFC, control and
    /// invisible characters, words that mix look-alike scripts, letters in costume (mathematical,
    /// full-width, circled).
    /// </remarks>
    public static class DisplayText
    {
        private static readonly int[][] LookAlikes =
        {
            DisplayTextTables.Latin, DisplayTextTables.Cyrillic, DisplayTextTables.Greek,
            DisplayTextTables.Armenian, DisplayTextTables.Cherokee,
        };

        /// <summary>Say whether a text could deceive its reader.</summary>
        /// <param name="text">Any string, also a broken one.</param>
        /// <param name="maxCharacters">Code points, not UTF-16 units.</param>
        public static bool IsDeceptive(string text, int maxCharacters)
        {
            int characters = 0;
            int scripts = 0;
            for (int at = 0; at < text.Length; at++)
            {
                int code = text[at];
                if (char.IsSurrogatePair(text, at)) code = char.ConvertToUtf32(text[at], text[++at]);
                if (++characters > maxCharacters) return true;
                if (Has(DisplayTextTables.Forbidden, code) || Has(DisplayTextTables.Costumes, code)) return true;
                if (char.IsWhiteSpace(text, at)) scripts = 0;
                scripts |= ScriptOf(code);
                if ((scripts & (scripts - 1)) != 0) return true;
            }
            return !NormalForm.IsC(text);
        }

        // One bit for each script whose letters pass for another's.
        private static int ScriptOf(int code)
        {
            for (int script = 0; script < LookAlikes.Length; script++)
            {
                if (Has(LookAlikes[script], code)) return 1 << script;
            }
            return 0;
        }

        private static bool Has(int[] ranges, int code) { return Ranges.Find(ranges, 2, code) >= 0; }
    }
}
