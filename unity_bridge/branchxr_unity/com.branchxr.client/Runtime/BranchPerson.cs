namespace BranchXR
{
    /// <summary>Somebody in the branch; a guest, a visitor, or staff, as the branch says.</summary>
    public sealed class BranchPerson
    {
        /// <summary>Stable for their whole stay.</summary>
        public string Id { get; internal set; }

        /// <summary>What they are called.</summary>
        public string Name { get; internal set; }

        /// <summary>"guest", "visitor", "consultant", "operator" or "service".</summary>
        public string Role { get; internal set; }

        /// <summary>Their number in cell frames.</summary>
        public int Slot { get; internal set; }

        /// <summary>How often that number was given out before.</summary>
        public int Generation { get; internal set; }
    }
}
