using UnityEngine;

namespace BranchXR
{
    /// <summary>Where what belongs to a run is kept: the host's address, its log.</summary>
    internal static class RunFolder
    {
        /// <summary>In the Editor the project's own Temp, which another process can name; else the player's.</summary>
        internal static string Path
        {
            get
            {
                return Application.isEditor
                    ? System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Application.dataPath) ?? ".", "Temp", "BranchXR")
                    : System.IO.Path.Combine(Application.temporaryCachePath, "BranchXR");
            }
        }
    }
}
