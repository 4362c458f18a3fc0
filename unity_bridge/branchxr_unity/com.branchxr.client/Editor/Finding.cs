using System;

namespace BranchXR.Editor
{
    /// <summary>Something in the project that will not work, and the way to correct it.</summary>
    internal sealed class Finding
    {
        internal BranchError Error { get; private set; }

        /// <summary>Whether a player built like this could not run; else it is about the Editor.</summary>
        internal bool StopsBuild { get; private set; }

        /// <summary>Corrects it, or null where only a person can.</summary>
        internal Action Correct { get; private set; }

        internal Finding(BranchError error, bool stopsBuild, Action correct)
        {
            Error = error;
            StopsBuild = stopsBuild;
            Correct = correct;
        }
    }
}
