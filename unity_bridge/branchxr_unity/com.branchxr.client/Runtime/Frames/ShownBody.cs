namespace BranchXR.Frames
{
    /// <summary>A body as it is to be shown at an instant.</summary>
    public struct ShownBody
    {
        /// <summary>The participant's number in the branch.</summary>
        public ushort Slot;

        /// <summary>Of the newest sample.</summary>
        public PoseFlags Flags;

        /// <summary>Height of the floor under the body: of its cell's origin, metres.</summary>
        public float FloorY;

        /// <summary>In the branch's axes.</summary>
        public Body Body;
    }
}
