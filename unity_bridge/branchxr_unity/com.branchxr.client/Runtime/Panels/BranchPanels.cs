using System;
using System.Collections.Generic;

namespace BranchXR.Panels
{
    /// <summary>The panels that are open. Main thread only.</summary>
    public sealed class BranchPanels
    {
        /// <summary>More than anybody can look at.</summary>
        public const int Max = 32;

        private readonly List<BranchPanel> open = new List<BranchPanel>();

        /// <summary>A panel is open: draw it, in the place of one of the same name.</summary>
        public event Action<BranchPanel> Opened;

        /// <summary>A panel is closed: take it away.</summary>
        public event Action<BranchPanel> Closed;

        /// <summary>The player has pressed a button, by its name; the script is told.</summary>
        public event Action<BranchPanel, string> Pressed;

        /// <summary>Those that are open, the oldest first.</summary>
        public IList<BranchPanel> All { get { return open.AsReadOnly(); } }

        /// <summary>Find an open panel, or null.</summary>
        public BranchPanel Find(string name) { return open.Find(panel => panel.Name == name); }

        /// <summary>Open a panel, or replace the one of that name.</summary>
        /// <exception cref="BranchError"><c>panels_full</c>.</exception>
        public void Open(BranchPanel panel)
        {
            int place = open.FindIndex(one => one.Name == panel.Name);
            if (place < 0 && open.Count >= Max)
            {
                throw new BranchError("panels_full", "expected at most " + Max + " open panels, got one more",
                    "BranchPanels.Open", "close some first");
            }
            if (place < 0) open.Add(panel);
            else open[place] = panel;
            if (Opened != null) Opened(panel);
        }

        /// <summary>Close a panel; one that is not open is no error.</summary>
        public void Close(string name)
        {
            BranchPanel panel = Find(name);
            if (panel == null) return;
            open.Remove(panel);
            if (Closed != null) Closed(panel);
        }

        /// <summary>Close all.</summary>
        public void Clear()
        {
            foreach (BranchPanel panel in open.ToArray()) Close(panel.Name);
        }

        /// <summary>Press a button; a panel that is gone, or was replaced meanwhile, is pressed in vain.</summary>
        /// <exception cref="BranchError"><c>button_unknown</c>.</exception>
        public void Press(BranchPanel panel, string button)
        {
            if (!panel.HasButton(button))
            {
                throw new BranchError("button_unknown", "expected a button of panel '" + panel.Name + "', got '" + button + "'",
                    "BranchPanels.Press", "use a name of Buttons");
            }
            if (open.Contains(panel) && Pressed != null) Pressed(panel, button);
        }
    }
}
