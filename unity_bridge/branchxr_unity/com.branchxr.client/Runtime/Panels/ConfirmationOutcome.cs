namespace BranchXR.Panels
{
    /// <summary>What has become of a question: the hash of what was shown and said yes to, or a refusal.</summary>
    /// <remarks>
    /// Never a boolean: a yes is the hash of the very bytes that were on the screen, and whoever signs holds it
    /// against the hash of what it asked. A yes to something else is worth nothing.
    /// </remarks>
    public sealed class ConfirmationOutcome
    {
        private readonly byte[] shown;

        /// <summary>Which question.</summary>
        public string Id { get; private set; }

        /// <summary>Why not; null after a yes: <c>declined</c>, <c>approval_expired</c>, <c>intent_malformed</c>...</summary>
        public string RefusedCode { get; private set; }

        /// <summary>32 bytes: the challenge of what was shown; null after a refusal.</summary>
        public byte[] Shown { get { return shown == null ? null : (byte[])shown.Clone(); } }

        internal ConfirmationOutcome(string id, byte[] shown, string refusedCode)
        {
            Id = id;
            this.shown = shown;
            RefusedCode = refusedCode;
        }
    }
}
