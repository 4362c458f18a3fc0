namespace BranchXR
{
    /// <summary>Whether the game's code is about to be exchanged: a stage that goes off then is fenced, not ended.</summary>
    /// <remarks>The Editor part of the package sets it; a player never reloads.</remarks>
    internal static class BranchReload
    {
        internal static bool IsUnderWay { get; set; }
    }
}
