namespace BranchXR.Panels
{
    /// <summary>A button a person presses.</summary>
    public struct PanelButton
    {
        /// <summary>Unique in its panel.</summary>
        public string Name { get; private set; }

        /// <summary>What stands on it.</summary>
        public string Label { get; private set; }

        /// <summary>Make a button.</summary>
        public PanelButton(string name, string label) : this()
        {
            Name = name;
            Label = label;
        }
    }
}
