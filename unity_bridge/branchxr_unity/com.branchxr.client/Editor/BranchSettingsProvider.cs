using UnityEditor;

namespace BranchXR.Editor
{
    /// <summary>Project Settings > BranchXR.</summary>
    internal static class BranchSettingsProvider
    {
        internal const string Path = "Project/BranchXR";

        [SettingsProvider]
        internal static SettingsProvider Create()
        {
            return new SettingsProvider(Path, SettingsScope.Project, new[] { "branch", "bank", "python" })
            {
                guiHandler = search =>
                {
                    foreach (BranchSettings settings in BranchAssets.All())
                    {
                        EditorGUILayout.ObjectField("Settings", settings, typeof(BranchSettings), false);
                    }
                    FindingsView.Draw();
                },
            };
        }
    }
}
