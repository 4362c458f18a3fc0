namespace BranchXR.Frames
{
    /// <summary>What is known of one body; its ring of samples stands in the interpolator's arrays.</summary>
    internal struct Track
    {
        internal int Cell;

        /// <summary>The ring's newest sample.</summary>
        internal int Newest;

        internal ushort Slot;
        internal PoseFlags Flags;
        internal float FloorY;

        /// <summary>How old this body's samples are when they are sent.</summary>
        internal float LagMs;
    }
}
