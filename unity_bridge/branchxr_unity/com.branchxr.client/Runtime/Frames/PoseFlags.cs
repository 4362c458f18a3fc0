using System;

namespace BranchXR.Frames
{
    /// <summary>One byte that travels with a pose.</summary>
    [Flags]
    public enum PoseFlags : byte
    {
        /// <summary>Nothing is said.</summary>
        None = 0,

        /// <summary>The hands are known; without it their bytes mean nothing.</summary>
        Hands = 1,

        /// <summary>Measured by a device, not made up by a program.</summary>
        Tracked = 2,

        /// <summary>Do not interpolate from where this body was.</summary>
        Teleport = 4,

        /// <summary>Does not speak.</summary>
        Muted = 8,

        /// <summary>Sits.</summary>
        Seated = 16,
    }
}
