using UnityEditor;

namespace BranchXR.Editor
{
    /// <summary>Tells stages a domain reload from an end: what goes off in one is fenced and comes back.</summary>
    [InitializeOnLoad]
    internal static class ReloadHooks
    {
        static ReloadHooks()
        {
            // The flag is the old domain's; the new one begins with false.
            AssemblyReloadEvents.beforeAssemblyReload += () => BranchReload.IsUnderWay = EditorApplication.isPlaying;
        }
    }
}
