using System;
using System.Collections.Generic;

namespace BranchXR.Panels
{
    /// <summary>A panel that a script has opened: plain text, fields and buttons.</summary>
    /// <remarks>
    /// Text is never markup: whoever draws it switches rich text off (<c>text.richText = false</c>), else a
    /// script, or a name somebody gave himself, could draw what looks like the bank's own dialog.
    /// </remarks>
    public sealed class BranchPanel
    {
        /// <summary>Characters that a field takes, as in the page.</summary>
        public const int FieldMax = 200;

        private readonly Dictionary<string, string> values = new Dictionary<string, string>(StringComparer.Ordinal);

        /// <summary>Opening a panel of a name that is open replaces it.</summary>
        public string Name { get; private set; }

        /// <summary>Its heading.</summary>
        public string Title { get; private set; }

        /// <summary>Plain text; blank lines part paragraphs.</summary>
        public string Text { get; private set; }

        /// <summary>Path of the anchor it stands at; empty: in front of the player.</summary>
        public string Anchor { get; private set; }

        /// <summary>What the player fills in.</summary>
        public IList<PanelField> Fields { get; private set; }

        /// <summary>What the player presses; the first is the main one.</summary>
        public IList<PanelButton> Buttons { get; private set; }

        /// <summary>Make a panel of its parts.</summary>
        public BranchPanel(
            string name, string title, string text, string anchor, PanelField[] fields, PanelButton[] buttons)
        {
            Name = name;
            Title = title;
            Text = text;
            Anchor = anchor;
            Fields = Array.AsReadOnly(fields);
            Buttons = Array.AsReadOnly(buttons);
            foreach (PanelField field in fields) values[field.Name] = Cut(field.Value);
        }

        /// <summary>What stands in a field now.</summary>
        public string this[string field]
        {
            get { return values[field]; }
            set
            {
                if (!values.ContainsKey(field))
                {
                    throw new BranchError("field_unknown", "expected a field of panel '" + Name + "', got '" + field + "'",
                        "BranchPanel", "use a name of Fields");
                }
                values[field] = Cut(value ?? "");
            }
        }

        /// <summary>Copy what stands in all fields.</summary>
        public Dictionary<string, string> Filled()
        {
            return new Dictionary<string, string>(values, StringComparer.Ordinal);
        }

        /// <summary>Whether it has a button of that name.</summary>
        public bool HasButton(string name)
        {
            foreach (PanelButton button in Buttons)
            {
                if (button.Name == name) return true;
            }
            return false;
        }

        private static string Cut(string text)
        {
            if (text.Length <= FieldMax) return text;
            bool isBetween = char.IsHighSurrogate(text[FieldMax - 1]);
            return text.Substring(0, isBetween ? FieldMax - 1 : FieldMax);
        }
    }
}
