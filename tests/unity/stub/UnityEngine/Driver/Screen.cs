using System.Collections.Generic;

namespace UnityEngine.Stub
{
    // What the immediate-mode GUI drew in the last frame, what will be pressed, and what will be typed.
    internal static class Screen
    {
        internal static readonly List<string> Labels = new List<string>();
        internal static readonly List<string> RichLabels = new List<string>();
        internal static readonly List<string> Buttons = new List<string>();
        internal static readonly HashSet<string> Presses = new HashSet<string>();
        internal static string Typed;

        internal static void Clear()
        {
            Labels.Clear();
            RichLabels.Clear();
            Buttons.Clear();
        }

        internal static void Draw(string text, GUIStyle style)
        {
            Labels.Add(text);
            if (style.richText) RichLabels.Add(text);
        }

        internal static bool Press(string text)
        {
            Buttons.Add(text);
            return Presses.Remove(text);
        }

        internal static string Type(string text)
        {
            string typed = Typed ?? text;
            Typed = null;
            return typed;
        }
    }
}
