namespace BranchXR.Panels
{
    /// <summary>A field a person fills in.</summary>
    public struct PanelField
    {
        /// <summary>Unique in its panel.</summary>
        public string Name { get; private set; }

        /// <summary>What stands beside it.</summary>
        public string Label { get; private set; }

        /// <summary>What stands in it at first.</summary>
        public string Value { get; private set; }

        /// <summary>Make a field.</summary>
        public PanelField(string name, string label, string value) : this()
        {
            Name = name;
            Label = label;
            Value = value;
        }
    }
}
